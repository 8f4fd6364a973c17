"""How event ingestion scales: a day of events through the quotas of the services.

Producers put events on a Kinesis stream, the function of `EventIngestion` sends them to Amazon
Personalize. `python -m simulation` plays it at several rates and writes `docs/scaling.md`, which
tells where each figure that goes in comes from.
"""
