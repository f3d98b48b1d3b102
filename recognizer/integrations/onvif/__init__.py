"""Find network cameras and their streams by ONVIF, with own requests: four calls are too few for a library.

``onvif-zeep-async`` 4.3, which Home Assistant uses, is kept well. It takes 24 packages (zeep, lxml, aiohttp, requests:
10 MB), reads the interface descriptions at each start, and does not search the network; ``WSDiscovery`` would do that.
"""
