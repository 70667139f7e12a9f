"""Speaks as the Raspberry Pi agent of the Entgra IoT Server does: CONFIG [PUSH-INTERVAL].

The same client id on every board, the token as the user name and no password, one subscription to the bare prefix of
the device, and every new token got with the first refresh token, in the query string of a request without a body, once
for a CONNACK 4 and once more for the disconnect that follows. It tells what happens, a line for each event.
"""

import base64
import configparser
import http.client
import json
import sys
import threading
import time
import urllib.parse

import paho.mqtt.client as mqtt

parser = configparser.ConfigParser(interpolation=None)
parser.optionxform = str
parser.read(sys.argv[1])
config = parser["Device-Configurations"]
interval = float(sys.argv[2]) if len(sys.argv) > 2 else config.getfloat("push-interval")
tenant, device = config["server-name"], config["deviceId"]
topic = tenant + "/raspberrypi/" + device
first_refresh_token = config["refresh-token"]


def tell(*words):
    print(*words, flush=True)


def refresh(client):
    server = urllib.parse.urlsplit(config["http-ep"])
    connection = http.client.HTTPConnection(server.hostname, server.port, timeout=30)
    path = "/token?scope=Enroll+device&grant_type=refresh_token&refresh_token=" + first_refresh_token
    base64.b64decode(config["application-key"], validate=True)
    headers = {
        "Authorization": "Basic " + config["application-key"],
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": "0",
    }
    connection.request("POST", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    tell("token", answer.status)
    tokens = json.loads(body)
    tokens["refresh_token"]
    client.username_pw_set(tokens["access_token"], "")


def on_connect(client, _data, _flags, code):
    tell("connack", code)
    if code == 0:
        client.subscribe(topic)
        connected.set()
    elif code == 4:
        refresh(client)


def on_disconnect(client, _data, _code):
    connected.clear()
    refresh(client)


def on_message(_client, _data, message):
    resource, state = message.payload.decode().split(":")
    tell("message", message.topic, message.payload.decode(), resource.upper(), state.upper())


connected = threading.Event()
arguments = ["RaspberryPi Agent"]
if hasattr(mqtt, "CallbackAPIVersion"):
    arguments.insert(0, mqtt.CallbackAPIVersion.VERSION1)
agent = mqtt.Client(*arguments)
agent.on_connect, agent.on_disconnect, agent.on_message = on_connect, on_disconnect, on_message
agent.username_pw_set(config["auth-token"], "")
broker = urllib.parse.urlsplit(config["mqtt-ep"])
agent.connect(broker.hostname, broker.port, 60)
agent.loop_start()
degrees = 0
while True:
    connected.wait()
    degrees += 1
    agent.publish(
        topic + "/temperature",
        '{"event":{"metaData":{"owner":"%s","type":"raspberrypi","deviceId":"%s","time":%d},'
        '"payloadData":{"temperature":%.2f}}}' % (config["owner"], device, time.time(), degrees),
    )
    time.sleep(interval)
