#!/usr/bin/env python3
"""Device agent for a Raspberry Pi, or any Linux computer.

It reads deviceConfig.properties beside it, reports temperature, load, memory and disk over MQTT, and obeys the
operations it is sent. Python 3.7 or later and paho-mqtt (1.6 or 2.x) are all it needs.
"""

import argparse
import base64
import binascii
import collections
import glob
import json
import logging
import math
import os
import platform
import queue
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import paho.mqtt.client as mqtt

VERSION = "1.0"
KEEP_ALIVE = 30          # seconds
CONNECT_WAIT = 15        # seconds until the broker must have answered a CONNECT or a request
ACK_WAIT = 10            # seconds until the broker must have acknowledged a message
BACKOFF = (1, 60)        # seconds between attempts to connect: first, longest
RENEWAL_WAIT = 30        # seconds until a token that could not be renewed is tried again
MAX_OUTBOX = 1000        # messages kept while there is no connection; the oldest go first
MAX_INBOX = 100          # operations waiting for their turn
MAX_REMEMBERED = 100     # results kept, to answer an operation that is delivered again
HERE = os.path.dirname(os.path.abspath(__file__))
REFUSED = (4, 5, 134, 135)  # CONNACK: bad user name or password, not authorized (MQTT 3.1.1, MQTT 5)

log = logging.getLogger("agent")


def write_private(path, text):
    """Replaces a file in one step, readable by its owner alone."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, scratch = tempfile.mkstemp(prefix=".agent-", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError:
        os.unlink(scratch)
        raise


class Config:
    """deviceConfig.properties: `key=value` lines, with or without an INI section."""

    NEEDED = ("server-name", "owner", "deviceId", "http-ep", "mqtt-ep", "application-key", "auth-token",
              "refresh-token")

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().splitlines()
        self.values = {}
        for line in self.lines:
            if "=" in line and line.lstrip()[0] not in "#;[":
                key, value = line.split("=", 1)
                self.values[key.strip()] = value.strip()
        missing = [key for key in self.NEEDED if not self.values.get(key)]
        if missing:
            raise ValueError("%s lacks %s" % (path, ", ".join(missing)))

    def __getitem__(self, key):
        return self.values[key]

    def get(self, key, default=""):
        return self.values.get(key) or default

    @property
    def device_type(self):
        return self.get("controller-context", "/raspberrypi").strip("/").split("/")[0]

    @property
    def prefix(self):
        """What every topic of this device starts with."""
        return "%s/%s/%s" % (self["server-name"], self.device_type, self["deviceId"])

    def keep_tokens(self, access, refresh):
        """Takes new tokens, and writes them to the file so that a restart knows them."""
        fresh = {"auth-token": access, "refresh-token": refresh}
        self.values.update(fresh)
        for number, line in enumerate(self.lines):
            key = line.split("=", 1)[0].strip()
            if "=" in line and key in fresh:
                self.lines[number] = "%s=%s" % (key, fresh[key])
        try:
            write_private(self.path, "\n".join(self.lines) + "\n")
        except OSError as error:
            log.warning("the new token could not be kept in %s: %s", self.path, error)


class Memory:
    """What must outlive a restart: the bulb, and the results of the latest operations."""

    def __init__(self, path, device):
        self.path = path
        self.data = {"device": device, "bulb": "OFF", "results": {}}
        try:
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
            if isinstance(kept, dict) and kept.get("device") == device:
                self.data.update(kept)
        except (OSError, ValueError):
            pass  # a first start, or a torn file: begin anew

    @property
    def bulb(self):
        return self.data["bulb"]

    def set_bulb(self, state):
        self.data["bulb"] = state
        self._keep()

    def result(self, number):
        return self.data["results"].get(str(number))

    def remember(self, number, status, response):
        results = self.data["results"]
        results[str(number)] = [status, response]
        for old in list(results)[:-MAX_REMEMBERED]:
            del results[old]
        self._keep()

    def _keep(self):
        try:
            write_private(self.path, json.dumps(self.data))
        except OSError as error:
            log.warning("the state could not be kept in %s: %s", self.path, error)


def read_first(*patterns):
    """The stripped text of the first readable file that matches."""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    return file.read().strip(" \t\r\n\0")
            except OSError:
                continue
    return None


def celsius(text):
    """Thousandths of a degree, as the kernel writes them; None for what no sensor would say."""
    try:
        degrees = int(text) / 1000.0
    except (TypeError, ValueError):
        return None
    return degrees if -50 < degrees < 150 and degrees != 0 else None


def cpu_temperature():
    """Degrees Celsius of the processor, or None where there is no sensor."""
    found = []
    for zone in sorted(glob.glob("/sys/class/thermal/thermal_zone*")):
        kind = read_first(zone + "/type") or ""
        found.append((not any(word in kind for word in ("cpu", "soc", "pkg")), read_first(zone + "/temp")))
    for chip in sorted(glob.glob("/sys/class/hwmon/hwmon*")):
        if read_first(chip + "/name") in ("cpu_thermal", "coretemp", "k10temp", "zenpower", "soc_thermal"):
            found.append((False, read_first(chip + "/temp1_input", chip + "/temp*_input")))
    for _, text in sorted(found, key=lambda each: each[0]):
        degrees = celsius(text)
        if degrees is not None:
            return round(degrees, 2)
    return None


def memory():
    """Bytes of memory in use and in all."""
    facts = {}
    with open("/proc/meminfo", encoding="ascii", errors="replace") as file:
        for line in file:
            name, value = line.split(":", 1)
            facts[name] = int(value.split()[0]) * 1024
    total = facts["MemTotal"]
    return total - facts.get("MemAvailable", facts.get("MemFree", 0)), total


def board_stats():
    """Load, memory, disk and uptime; what cannot be read is left out."""
    stats = {"cpu_count": os.cpu_count() or 1}
    try:
        stats["load"] = round(os.getloadavg()[0], 2)
        stats["memory_used"], stats["memory_total"] = memory()
        disk = os.statvfs("/")
        stats["disk_total"] = disk.f_blocks * disk.f_frsize
        stats["disk_used"] = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        stats["uptime"] = int(float((read_first("/proc/uptime") or "0").split()[0]))
    except (OSError, KeyError, ValueError) as error:
        log.warning("the board could not be read: %s", error)
    return stats


def board_facts():
    """What the device tells about itself once."""
    release = read_first("/etc/os-release") or ""
    names = [line.split("=", 1)[1].strip('"') for line in release.splitlines() if line.startswith("PRETTY_NAME=")]
    facts = {
        "MODEL": read_first("/proc/device-tree/model", "/sys/class/dmi/id/product_name") or platform.machine(),
        "OS_VERSION": names[0] if names else platform.system(),
        "KERNEL": platform.release(),
        "ARCHITECTURE": platform.machine(),
        "HOST_NAME": socket.gethostname(),
        "AGENT_VERSION": VERSION,
    }
    return [{"name": name, "value": value} for name, value in facts.items()]


class Server:
    """The server's HTTP side: tokens, and the facts about the device."""

    def __init__(self, config, options):
        self.config = config
        self.base = config.get("https-ep", config["http-ep"]) if options.tls else config["http-ep"]
        self.context = options.tls_context
        self.expires = None  # when to get the next token, in time.monotonic()

    def _call(self, method, path, body, content_type, authorization):
        request = urllib.request.Request(self.base.rstrip("/") + path, data=body, method=method)
        request.add_header("Content-Type", content_type)
        request.add_header("Authorization", authorization)
        with urllib.request.urlopen(request, timeout=CONNECT_WAIT, context=self.context) as answer:
            return answer.read(65536)

    def renew(self):
        """Gets the next access token when it is time; an open connection goes on with the old one."""
        if self.expires is not None and time.monotonic() >= self.expires:
            self.expires = time.monotonic() + RENEWAL_WAIT
            self.refresh()

    def refresh(self):
        """Gets a new access token; True when there is one."""
        form = {"grant_type": "refresh_token", "refresh_token": self.config["refresh-token"]}
        key = self.config["application-key"]
        try:
            answer = json.loads(self._call("POST", "/token", urllib.parse.urlencode(form).encode(),
                                           "application/x-www-form-urlencoded", "Basic " + key))
            access = answer["access_token"]
            lifetime = float(answer.get("expires_in", 3600))
        except urllib.error.HTTPError as error:
            reason = error.read(500).decode("utf-8", "replace")
            log.error("the server refused a new token (%s): %s", error.code, reason)
            return False
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("no new token: %s", error)
            return False
        self.config.keep_tokens(access, answer.get("refresh_token") or self.config["refresh-token"])
        self.expires = time.monotonic() + lifetime * 0.9
        log.info("got a new access token, good for %d s", lifetime)
        return True

    def tell_facts(self):
        path = "/api/device-mgt/v1.0/device/agent/properties/%s/%s" % (
            self.config.device_type, urllib.parse.quote(self.config["deviceId"], safe=""))
        try:
            self._call("PUT", path, json.dumps(board_facts()).encode(), "application/json",
                       "Bearer " + self.config["auth-token"])
        except OSError as error:
            log.info("the facts about this board were not taken: %s", error)


class Agent:
    """One device: measures on a schedule, obeys what comes in, and keeps the connection."""

    def __init__(self, config, options):
        self.config = config
        self.options = options
        self.server = Server(config, options)
        folder = os.path.dirname(os.path.abspath(config.path))
        self.memory = Memory(os.path.join(folder, "agent-state.json"), config.prefix)
        self.inbox = queue.Queue(MAX_INBOX)
        self.outbox = collections.deque(maxlen=MAX_OUTBOX)
        self.stopping = threading.Event()
        self.facts_told = False
        self.next_measure = 0.0
        self.client = None
        self.connected = False
        self.bulb_pin = open_pin(options.gpio) if options.gpio is not None else None

    # Measuring

    def temperature(self):
        if self.options.simulate_temperature:
            return round(24 + 4 * math.sin(time.time() / 60) + random.uniform(-0.2, 0.2), 2)
        return cpu_temperature()

    def measure(self):
        """Puts one round of measurements into the outbox, and returns them."""
        degrees = self.temperature()
        stats = board_stats()
        if self.config.device_type == "virtual_firealarm":
            stats = {"humidity": round(50 + 10 * math.sin(time.time() / 90), 1)}
        stats["bulb"] = self.memory.bulb
        if degrees is not None:
            self.send("temperature", self.event({"temperature": degrees}))
        self.send("stats", self.event(stats))
        if degrees is not None:
            stats["temperature"] = degrees
        return stats

    def event(self, values):
        meta = {"owner": self.config["owner"], "type": self.config.device_type,
                "deviceId": self.config["deviceId"], "time": int(time.time())}
        return {"event": {"metaData": meta, "payloadData": values}}

    # Obeying

    def obey(self, code, number, payload):
        """Does what an operation asks, once, and reports how it went."""
        done = self.memory.result(number)
        if done:
            log.info("operation %s (%s) was done before; reporting it again", number, code)
            self.report(code, number, *done)
            return
        log.info("operation %s: %s", number, code if payload == code else "%s %s" % (code, payload))
        word = payload.rsplit(":", 1)[-1].strip().upper()
        if code in ("bulb", "buzz"):
            status, response = self.switch_bulb(word)
        elif code == "stats":
            status, response = "COMPLETED", json.dumps(self.measure())
        elif code in ("temperature", "humidity"):
            value = self.measure().get(code)
            status, response = ("ERROR", "no sensor") if value is None else ("COMPLETED", str(value))
        elif code == "reboot":
            if self.options.allow_reboot:
                status, response = "COMPLETED", "rebooting"
            else:
                status, response = "COMPLETED", "dry run: the agent was started without --allow-reboot"
        else:
            status, response = "ERROR", "this agent does not know %s" % code
        # Remembered before it is carried out: a reboot that is delivered again must not happen again.
        self.memory.remember(number, status, response)
        self.report(code, number, status, response)
        if code == "reboot" and self.options.allow_reboot and self.flush():
            self.reboot()

    def switch_bulb(self, word):
        if word not in ("ON", "OFF"):
            return "ERROR", "the bulb can be ON or OFF"
        if self.bulb_pin is not None:
            (self.bulb_pin.on if word == "ON" else self.bulb_pin.off)()
        self.memory.set_bulb(word)
        self.send("stats", self.event({"bulb": word}))
        log.info("the bulb is %s", word)
        return "COMPLETED", "the bulb is %s" % word

    def reboot(self):
        log.warning("rebooting, as told")
        self.disconnect()
        try:
            subprocess.run(["systemctl", "reboot"], check=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            log.error("the reboot failed: %s", error)

    def report(self, code, number, status, response):
        self.send("update/operation",
                  {"id": number, "code": code, "status": status, "operationResponse": response})

    # Talking

    def send(self, topic, message):
        if len(self.outbox) == MAX_OUTBOX:
            log.warning("the outbox is full; the oldest message is dropped")
        self.outbox.append(("%s/%s" % (self.config.prefix, topic), json.dumps(message)))

    def flush(self):
        """Sends the outbox, oldest first; a message leaves it when the server has acknowledged it."""
        while self.outbox and self.connected:
            topic, text = self.outbox[0]
            try:
                sent = self.client.publish(topic, text, qos=1)
                sent.wait_for_publish(ACK_WAIT)
                acknowledged = sent.is_published()
            except (ValueError, RuntimeError):
                acknowledged = False
            if not acknowledged:
                log.warning("a message was not acknowledged; it will be sent again")
                self.connected = False
                return False
            self.outbox.popleft()
        return not self.outbox

    def connect(self):
        """Connects once: True, or False, or None when the server refused the token."""
        name = "%s-%s" % (self.config.device_type, self.config["deviceId"])
        if hasattr(mqtt, "CallbackAPIVersion"):
            client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=True)
        else:
            client = mqtt.Client(client_id=name, clean_session=True)
        answered = queue.Queue()
        client.on_connect = lambda _client, _data, _flags, code, *_rest: answered.put(getattr(code, "value", code))
        client.on_disconnect = lambda *_: self.lost(client)
        client.on_message = lambda _client, _data, message: self.received(message)
        client.username_pw_set(self.config["auth-token"], "")
        endpoint = urllib.parse.urlsplit(self.options.mqtt or self.config["mqtt-ep"])
        secure = self.options.tls or endpoint.scheme in ("ssl", "tls", "mqtts")
        port = endpoint.port
        if secure and not self.options.mqtt and endpoint.scheme == "tcp":
            port = 8883
        if secure:
            client.tls_set_context(self.options.tls_context)
        self.client = client
        try:
            client.connect(endpoint.hostname, port or (8883 if secure else 1883), KEEP_ALIVE)
            client.loop_start()
            code = answered.get(timeout=CONNECT_WAIT)
        except (OSError, ValueError) as error:
            log.warning("no connection to %s: %s", endpoint.netloc, error)
            self.disconnect()
            return False
        except queue.Empty:
            log.warning("%s does not answer", endpoint.netloc)
            self.disconnect()
            return False
        if code != 0:
            log.warning("the server refused the connection (CONNACK %s)", code)
            self.disconnect()
            return None if code in REFUSED else False
        self.connected = True
        client.subscribe(self.config.prefix + "/operation/#", qos=1)
        log.info("connected to %s as %s", endpoint.netloc, self.config.prefix)
        return True

    def disconnect(self):
        client, self.client, self.connected = self.client, None, False
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def lost(self, client):
        """Runs in the network thread."""
        if client is self.client:
            self.connected = False

    def received(self, message):
        """Runs in the network thread: `…/operation/<kind>/<code>/<number>`."""
        levels = message.topic[len(self.config.prefix) + 1:].split("/")
        if len(levels) != 4 or not levels[3].isdigit():
            log.warning("a message on %s is no operation", message.topic)
            return
        try:
            self.inbox.put_nowait((levels[2].lower(), int(levels[3]), message.payload.decode("utf-8", "replace")))
        except queue.Full:
            log.error("too many operations at once; the server will deliver %s again", levels[3])

    # Living

    def work(self, seconds):
        """Measures, sends and obeys for a while, or until the connection is lost or the agent is stopped."""
        was_connected = self.connected
        until = time.monotonic() + seconds
        while not self.stopping.is_set() and time.monotonic() < until and self.connected == was_connected:
            if time.monotonic() >= self.next_measure:
                self.next_measure = time.monotonic() + self.options.interval
                self.measure()
            self.flush()
            try:
                self.obey(*self.inbox.get(timeout=0.2))
            except queue.Empty:
                pass

    def run(self):
        delay = BACKOFF[0]
        while not self.stopping.is_set():
            self.server.renew()
            outcome = self.connect()
            if outcome is None and self.server.refresh():
                outcome = self.connect()
            if outcome:
                delay = BACKOFF[0]
                if not self.facts_told:
                    self.server.tell_facts()
                    self.facts_told = True
                while self.connected and not self.stopping.is_set():
                    self.work(1)
                    self.server.renew()
                self.disconnect()
            if not self.stopping.is_set() and not outcome:
                log.info("next attempt in %d s", delay)
            self.work(delay * random.uniform(0.8, 1.2))
            delay = min(delay * 2, BACKOFF[1])

    def run_once(self):
        """One round of measurements; the exit status."""
        outcome = self.connect()
        if outcome is None and self.server.refresh():
            outcome = self.connect()
        if not outcome:
            return 1
        self.server.tell_facts()
        self.measure()
        sent = self.flush()
        self.disconnect()
        return 0 if sent else 1

    def stop(self, *_):
        self.stopping.set()


def open_pin(number):
    """The GPIO pin of the bulb. gpiozero comes with Raspberry Pi OS, and is needed for this alone."""
    try:
        from gpiozero import OutputDevice
    except ImportError:
        sys.exit("--gpio needs gpiozero: sudo apt install python3-gpiozero")
    return OutputDevice(number)


def tls_context(options):
    """Trusts the authority named by --ca, else the server's own, which came with the agent, else the system's."""
    own = os.path.join(HERE, "ca.pem")
    context = ssl.create_default_context(cafile=options.ca or (own if os.path.exists(own) else None))
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def parse(arguments):
    parser = argparse.ArgumentParser(description="Device agent: reports measurements, obeys operations.")
    parser.add_argument("--config", metavar="FILE", default=os.path.join(HERE, "deviceConfig.properties"))
    parser.add_argument("--interval", metavar="SECONDS", type=float, help="between measurements (push-interval)")
    parser.add_argument("--once", action="store_true", help="measure and send once, then exit")
    parser.add_argument("--allow-reboot", action="store_true", help="really reboot when told to")
    parser.add_argument("--gpio", metavar="PIN", type=int, help="the GPIO pin the bulb is connected to")
    parser.add_argument("--simulate-temperature", action="store_true",
                        help="make a temperature up, for a computer without a sensor")
    parser.add_argument("--mqtt", metavar="URL", help="tcp://host:port or ssl://host:port, instead of mqtt-ep")
    parser.add_argument("--tls", action="store_true", help="use https-ep, and MQTT over TLS on port 8883")
    parser.add_argument("--ca", metavar="FILE", help="the certificate authority to trust, as PEM (ca.pem)")
    parser.add_argument("--insecure", action="store_true", help="do not verify the server's certificate")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--version", action="version", version=VERSION)
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.INFO,
                        format="%(asctime)s %(levelname)s %(message)s")
    try:
        config = Config(options.config)
        base64.b64decode(config["application-key"], validate=True)
        options.interval = max(options.interval or float(config.get("push-interval", "15")), 0.1)
        options.tls_context = tls_context(options)
    except (OSError, ValueError, binascii.Error) as error:
        log.error("the configuration is of no use: %s", error)
        return 2
    if config.device_type == "virtual_firealarm":
        options.simulate_temperature = True
    agent = Agent(config, options)
    signal.signal(signal.SIGTERM, agent.stop)
    signal.signal(signal.SIGINT, agent.stop)
    if options.once:
        return agent.run_once()
    agent.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
