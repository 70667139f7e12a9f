// A managed Arduino with an Ethernet shield: it reports a temperature every 10 s, and asks every second whether the
// bulb is to be switched. The keys of this one board are in ArduinoBoardSketch.h.

#include <Ethernet.h>
#include <SPI.h>

#include "ArduinoBoardSketch.h"

const int BULB_PIN = 13;
const int SENSOR_PIN = A0;                     // an LM35: 10 mV a degree
const unsigned long CONTROL_INTERVAL = 1000;   // ms
const unsigned long REPORT_INTERVAL = 10000;   // ms
const unsigned long ANSWER_WAIT = 3000;        // ms

byte mac[] = {0x02, 0x50, 0x59, 0x4d, 0x00, 0x01};  // locally administered; give each board its own
IPAddress server(SERVER_EP_IP);
EthernetClient client;
unsigned long lastControl = 0;
unsigned long lastReport = 0;

void setup() {
  Serial.begin(9600);
  pinMode(BULB_PIN, OUTPUT);
  while (Ethernet.begin(mac) == 0) {
    Serial.println(F("no address; trying again"));
    delay(5000);
  }
  Serial.println(Ethernet.localIP());
}

void loop() {
  Ethernet.maintain();
  unsigned long now = millis();
  if (now - lastControl >= CONTROL_INTERVAL) {
    lastControl = now;
    askForControls();
  }
  if (now - lastReport >= REPORT_INTERVAL) {
    lastReport = now;
    reportTemperature();
  }
}

void sendCommonHeaders() {
  client.print(F("Host: "));
  client.print(server);
  client.print(F("\r\nAuthorization: Bearer "));
  client.print(F(DEVICE_TOKEN));
  client.print(F("\r\nConnection: close\r\n"));
}

// Waits for the first byte of the answer.
bool answered() {
  unsigned long start = millis();
  while (!client.available()) {
    if (!client.connected() || millis() - start > ANSWER_WAIT) {
      return false;
    }
  }
  return true;
}

// The answer ends with `BULB:ON` or `BULB:OFF` when there is something to do: the word after its last colon counts.
void askForControls() {
  if (!client.connect(server, SERVER_EP_PORT)) {
    Serial.println(F("no connection"));
    return;
  }
  client.print(F("GET /arduino/device/" DEVICE_ID "/controls HTTP/1.1\r\n"));
  sendCommonHeaders();
  client.print(F("\r\n"));
  char word[4] = "";
  byte length = 0;
  if (answered()) {
    unsigned long start = millis();
    while ((client.connected() || client.available()) && millis() - start < ANSWER_WAIT) {
      if (!client.available()) {
        continue;
      }
      char c = client.read();
      if (c == ':') {
        length = 0;
      } else if (length < sizeof(word) - 1) {
        word[length++] = c;
      } else {
        length = sizeof(word);  // too long to be one of ours
      }
    }
  }
  client.stop();
  if (length < sizeof(word)) {
    word[length] = '\0';
    if (strcmp(word, "ON") == 0) {
      digitalWrite(BULB_PIN, HIGH);
    } else if (strcmp(word, "OFF") == 0) {
      digitalWrite(BULB_PIN, LOW);
    }
  }
}

void reportTemperature() {
  float degrees = analogRead(SENSOR_PIN) * 500.0 / 1024.0;
  String body = F("{\"event\":{\"metaData\":{\"owner\":\"" DEVICE_OWNER "\",\"deviceId\":\"" DEVICE_ID
                  "\"},\"payloadData\":{\"temperature\":");
  body += String(degrees, 2);
  body += F("}}}");
  if (!client.connect(server, SERVER_EP_PORT)) {
    Serial.println(F("no connection"));
    return;
  }
  client.print(F("POST /endpoints/arduino_receiver?deviceId=" DEVICE_ID " HTTP/1.1\r\n"));
  sendCommonHeaders();
  client.print(F("Content-Type: application/json\r\nContent-Length: "));
  client.print(body.length());
  client.print(F("\r\n\r\n"));
  client.print(body);
  answered();
  client.stop();
}
