// Devices: an Android agent over HTTP, and boards over MQTT with Debian's mosquitto clients.

import { spawn } from 'node:child_process';
import http from 'node:http';
import readline from 'node:readline';

import { exchange, PASSWORD, PATIENCE } from './site.mjs';

const BASE = '/api/device-mgt/android/v1.0';

/** An Android phone with the open agent of the Entgra IoT Server, as far as the server sees it. */
export class Phone {
    #site;
    #token = '';
    #results = [];
    #kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
    /** Code and payload of each feature of the policy it has. */
    policy = [];
    /** Whether its camera obeys the policy. */
    obedient = true;
    /** What it was told, in the order it came. */
    done = [];

    constructor(site, identifier, { name = 'walleye', model = 'Pixel 2', vendor = 'Google', version = '8.1.0',
        battery = 42, place = [6.9271, 79.8612], properties = [] } = {}) {
        Object.assign(this, { identifier, name, model, vendor, version, battery, place, properties });
        this.#site = site;
    }

    /** The device's id in Pym's own API. */
    get id() {
        return `android:${this.identifier}`;
    }

    async #send(method, path, authorization, body, type = 'application/json') {
        const [host, port] = this.#site.http.split(':');
        const headers = {
            'User-Agent': 'Mozilla/5.0 ( compatible ), Android',
            'Accept': '*/*',
            'Authorization': authorization,
            'Content-Type': type,
            'Content-Length': Buffer.byteLength(body),
        };
        const answer = await exchange({ agent: this.#kept, host, port, method, path, headers }, body);
        if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
        return answer.text;
    }

    #facts() {
        const list = (facts) => JSON.stringify(Object.entries(facts).map(([name, value]) => ({ name, value })));
        const fact = (name, value) => ({ name, value });
        return {
            description: this.model,
            name: this.name,
            deviceIdentifier: this.identifier,
            enrolmentInfo: { ownership: 'BYOD', owner: 'somebody' },
            properties: [
                fact('SERIAL', `F${this.identifier}`),
                fact('IMEI', '358240051111110'),
                fact('IMSI', null),
                fact('DEVICE_MODEL', this.model),
                fact('VENDOR', this.vendor),
                fact('OS_VERSION', this.version),
                fact('DEVICE_NAME', this.name),
                fact('LATITUDE', String(this.place[0])),
                fact('LONGITUDE', String(this.place[1])),
                fact('BATTERY_INFO', list({ BATTERY_LEVEL: String(this.battery), HEALTH: 'GOOD' })),
                fact('RAM_INFO', list({ TOTAL_MEMORY: '3.64', LOW_MEMORY: 'false' })),
                ...this.properties,
            ],
        };
    }

    /** From nothing to a device that has done what it was told first. */
    async join(user = 'admin', password = PASSWORD) {
        const basic = (name, secret) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
        const registration = { applicationName: `cdmf_android_${this.identifier}`, tags: ['android'], isAllowedToAllDomains: false };
        const client = JSON.parse(await this.#send('POST', '/api-application-registration/register',
            basic(user, password), JSON.stringify(registration)));
        const form = new URLSearchParams({ grant_type: 'password', username: user, password,
            scope: `device_${this.identifier} default perm:android:enroll` });
        const token = JSON.parse(await this.#send('POST', '/token', basic(client.client_id, client.client_secret),
            form.toString(), 'application/x-www-form-urlencoded'));
        this.#token = `Bearer ${token.access_token}`;
        await this.#send('POST', `${BASE}/devices/`, this.#token, JSON.stringify(this.#facts()));
        await this.work();
    }

    /** One poll: results up, operations down, and done. How many there were. */
    async poll() {
        const body = this.#results.length === 0 ? '' : JSON.stringify(this.#results);
        this.#results = [];
        const path = `${BASE}/devices/${this.identifier}/pending-operations`;
        const operations = JSON.parse(await this.#send('PUT', path, this.#token, body));
        this.#results = operations.map((operation) => this.#carryOut(operation));
        return operations.length;
    }

    /** Polls until there is nothing more to do. */
    async work() {
        while (await this.poll() > 0);
    }

    /** Polls and works until `condition` holds. */
    async workUntil(condition) {
        const begun = Date.now();
        while (!await condition()) {
            if (Date.now() - begun > PATIENCE) throw new Error(`${this.id} is never told what it waits for`);
            await this.work();
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    #carryOut(operation) {
        const result = { ...operation, status: 'COMPLETED' };
        this.done.push(operation.code);
        switch (operation.code) {
            case 'APPLICATION_LIST':
                result.operationResponse = JSON.stringify([
                    { name: 'Maps', package: 'org.example.maps', version: '11.2', isSystemApp: false, isActive: true, USS: 1024 },
                    { name: 'Camera', package: 'org.example.camera', version: '1', isSystemApp: true, isActive: false, USS: 0 },
                ]);
                break;
            case 'DEVICE_LOCATION':
                result.operationResponse = JSON.stringify({ latitude: this.place[0], longitude: this.place[1] });
                break;
            case 'DEVICE_INFO':
                result.operationResponse = JSON.stringify(this.#facts());
                break;
            case 'POLICY_BUNDLE':
                this.policy = operation.payLoad.map(({ code, payLoad }) => [code, JSON.parse(payLoad)]);
                break;
            case 'POLICY_REVOKE':
                this.policy = [];
                break;
            case 'MONITOR':
                result.payLoad = this.policy.filter(([code]) => code === 'CAMERA' && !this.obedient)
                    .map(([featureCode]) => ({ featureCode, compliance: false, message: 'the camera is in use' }));
                break;
        }
        return result;
    }

    /** Closes its connection. */
    end() {
        this.#kept.destroy();
    }
}

/** A board over MQTT: it subscribes to its operations and says that it has done each. */
export class Board {
    #site;
    #listening;
    /** What it was told, in the order it came: code and payload. */
    done = [];

    /** Enrolls it, with what `POST /devices` takes beside type and identifier. */
    static async enroll(site, type, identifier, more = {}) {
        const { device, credentials } = await site.api('POST', '/devices', { type, identifier, ...more });
        return Board.with(site, device.id, credentials.access_token, credentials.topic_prefix);
    }

    /** A board that has its token already. */
    static with(site, id, token, prefix) {
        const board = new Board();
        board.#site = site;
        return Object.assign(board, { id, token, prefix });
    }

    #arguments() {
        const [host, port] = this.#site.mqtt.split(':');
        return ['-h', host, '-p', port, '-u', this.token, '-P', ''];
    }

    /** Connects, stays, and obeys. */
    connect() {
        const topic = `${this.prefix}/operation/#`;
        const child = spawn('mosquitto_sub', [...this.#arguments(), '-q', '1', '-t', topic, '-F', '%t %p']);
        this.#listening = child;
        process.on('exit', () => child.kill());
        readline.createInterface({ input: child.stdout }).on('line', (line) => {
            const [topic, ...payload] = line.split(' ');
            const [code, number] = topic.split('/').slice(-2);
            this.done.push([code, payload.join(' ')]);
            void this.publish('update/operation',
                { id: Number(number), code, status: 'COMPLETED', operationResponse: `${code} is done` });
        });
    }

    /** One message with QoS 1, which the server has when this returns. */
    publish(topic, message) {
        const child = spawn('mosquitto_pub',
            [...this.#arguments(), '-q', '1', '-t', `${this.prefix}/${topic}`, '-m', JSON.stringify(message)],
            { stdio: ['ignore', 'ignore', 'inherit'] });
        return new Promise((resolve, reject) => {
            child.on('error', reject);
            child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`mosquitto_pub: ${code}`))));
        });
    }

    /** Measurements, as the Raspberry Pi agent of the Entgra IoT Server sends them. */
    measure(values) {
        return this.publish('temperature', { event: { metaData: { time: 0 }, payloadData: values } });
    }

    /** Goes away without a word. */
    end() {
        this.#listening?.kill();
    }
}
