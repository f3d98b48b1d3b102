"""Hear what the cameras report: ``MQTT_PASSWORD=... python examples/mqtt_listen.py 127.0.0.1 1883 box``."""

import json
import os
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def show(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
    """Print an event."""
    event = json.loads(message.payload)
    print(event["source"], event["kind"], event["name"] or "somebody", flush=True)


host, port, user = sys.argv[1:]
client = mqtt.Client(CallbackAPIVersion.VERSION2)
client.username_pw_set(user, os.environ["MQTT_PASSWORD"])
client.on_connect = lambda client, *_: client.subscribe("recognizer/+/+/event", qos=1)
client.on_subscribe = lambda *_: print("listening", flush=True)
client.on_message = show
client.connect(host, int(port))
client.loop_forever()
