"""Publishes and subscribes with paho-mqtt as agents do: PORT TOKEN PREFIX. Ends with 0 when all of it worked."""

import json
import sys
import threading

import paho.mqtt.client as mqtt


def client(client_id, token, clean):
    arguments = dict(client_id=client_id, clean_session=clean, protocol=mqtt.MQTTv311)
    if hasattr(mqtt, "CallbackAPIVersion"):
        made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, **arguments)
    else:
        made = mqtt.Client(**arguments)
    made.username_pw_set(token, "")
    return made


def main(port, token, prefix):
    answered, code = threading.Event(), []
    refused = client("RaspberryPi Agent", "stale", True)
    refused.on_connect = lambda _c, _u, _f, rc: (code.append(rc), answered.set())
    refused.connect("127.0.0.1", port)
    refused.loop_start()
    assert answered.wait(30), "no answer to a bad token"
    refused.loop_stop()
    assert code[0] == 4, f"a bad token was answered {code[0]}"

    ready, done, heard = threading.Event(), threading.Event(), []
    agent = client("RaspberryPi Agent", token, False)
    agent.on_connect = lambda c, _u, _f, rc: c.subscribe(prefix + "/#", 2)
    agent.on_subscribe = lambda _c, _u, _m, granted: ready.set()

    def on_message(_client, _user, message):
        heard.append((message.topic, message.qos))
        if len(heard) == 3:
            done.set()

    agent.on_message = on_message
    agent.connect("127.0.0.1", port)
    agent.loop_start()
    assert ready.wait(30), "not subscribed"
    event = {"event": {"metaData": {"time": 0}, "payloadData": {"temperature": 21}}}
    for qos in range(3):
        agent.publish(prefix + "/temperature", json.dumps(event), qos).wait_for_publish(30)
    assert done.wait(30), f"heard only {heard}"
    assert sorted(qos for _, qos in heard) == [0, 1, 2], heard
    agent.disconnect()
    agent.loop_stop()


main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
