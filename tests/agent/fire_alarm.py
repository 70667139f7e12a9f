"""Speaks as the virtual fire alarm of the Entgra IoT Server does: CONFIG [PUSH-INTERVAL].

A session that outlives the connection under `<owner>:<device>`, a retained will on a topic outside the device's own,
operations below `operation/#`, and answers to TEMPERATURE and HUMIDITY as measurements. It tells what happens, a line
for each event.
"""

import sys
import threading
import time
import urllib.parse

import paho.mqtt.client as mqtt

with open(sys.argv[1], encoding="utf-8") as file:
    config = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
interval = float(sys.argv[2]) if len(sys.argv) > 2 else float(config["push-interval"])
owner, device = config["owner"].split("@")[0], config["deviceId"]
prefix = config["tenantDomain"] + "/virtual_firealarm/" + device
connected = threading.Event()


def tell(*words):
    print(*words, flush=True)


def on_connect(client, _data, flags, code):
    tell("connack", code, "session", flags["session present"])
    if code == 0:
        client.subscribe(prefix + "/operation/#", 1)


def on_subscribe(_client, _data, _number, granted):
    tell("suback", *granted)
    connected.set()


def on_message(client, _data, message):
    order = message.payload.decode()
    tell("message", message.topic, order)
    answer = {"TEMPERATURE": "TEMPERATURE:30", "HUMIDITY": "HUMIDITY:50"}.get(order)
    if answer:
        client.publish(prefix + "/temperature", answer, 1)


arguments = dict(client_id=owner + ":" + device, clean_session=False)
if hasattr(mqtt, "CallbackAPIVersion"):
    arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
alarm = mqtt.Client(**arguments)
alarm.on_connect, alarm.on_subscribe, alarm.on_message = on_connect, on_subscribe, on_message
alarm.username_pw_set(config["auth-token"], "")
alarm.will_set(device + "/disconnection", "Connection-Lost", 2, True)
broker = urllib.parse.urlsplit(config["mqtt-ep"])
alarm.connect(broker.hostname, broker.port, 60)
alarm.loop_start()
connected.wait()
while True:
    alarm.publish(
        prefix + "/temperature",
        '{"event":{"metaData":{"owner":"%s","deviceId":"%s","time":0},"payloadData":{"temperature":%d}}}'
        % (config["owner"], device, 25),
        1,
    )
    time.sleep(interval)
