"""Sinks for the systems that people already run: MQTT with Home Assistant, webhooks, Prometheus."""
