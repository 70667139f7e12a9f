// The real daemon on free ports in a directory of its own, as `cargo test` has built it, and what tests ask of it.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const PROGRAM = process.env.PYM_TEST_DAEMON ?? path.join(ROOT, 'target/debug/pymd');

/** How long anything may take before a test gives up, in milliseconds; the environment gives seconds. */
export const PATIENCE = 1000 * Number(process.env.PYM_TEST_PATIENCE ?? 60);
export const PASSWORD = 'correct horse battery';

/** Asks until the answer is one: not false, null or undefined. */
export async function until(what, ask) {
    const begun = Date.now();
    for (;;) {
        const answer = await ask();
        if (answer !== false && answer !== null && answer !== undefined) return answer;
        if (Date.now() - begun > PATIENCE) throw new Error(`never: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/** One HTTP exchange; `to` is what node's http.request takes. */
export function exchange(to, body) {
    return new Promise((resolve, reject) => {
        const request = http.request(to, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('end', () => {
                resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() });
            });
            response.on('error', reject);
        });
        request.on('error', reject);
        request.end(body);
    });
}

export class Site {
    #environment;
    #child;

    /** A daemon with the administrator `admin`, or without one. */
    static async start({ admin = true, environment = {} } = {}) {
        const site = new Site();
        site.home = fs.mkdtempSync(path.join(os.tmpdir(), 'pym-web-'));
        site.#environment = {
            HOME: site.home,
            PYM_DATA_DIR: path.join(site.home, 'data'),
            PYM_LISTEN_CONTROL: path.join(site.home, 'pym.sock'),
            PYM_LISTEN_HTTP: '127.0.0.1:0',
            PYM_LISTEN_HTTPS: '127.0.0.1:0',
            PYM_LISTEN_MQTT: '127.0.0.1:0',
            PYM_LISTEN_MQTTS: '127.0.0.1:0',
            ...(admin ? { PYM_ADMIN_PASSWORD: PASSWORD } : {}),
            ...environment,
        };
        process.on('exit', () => site.#child?.kill('SIGKILL'));
        await site.run();
        return site;
    }

    /** Starts the daemon, also once more; after the first time on the ports it had then. */
    async run() {
        const written = path.join(this.home, 'data/endpoints.json');
        fs.rmSync(written, { force: true });
        const log = fs.openSync(path.join(this.home, 'log'), 'a');
        const child = spawn(PROGRAM, [], { env: this.#environment, stdio: ['ignore', 'ignore', log] });
        fs.closeSync(log);
        this.#child = child;
        child.on('error', (error) => { throw error; });
        const endpoints = await until('a daemon that is ready', () => {
            if (child.exitCode !== null) throw new Error(`pymd ended with ${child.exitCode}:\n${this.log()}`);
            return fs.existsSync(written) && JSON.parse(fs.readFileSync(written, 'utf8'));
        });
        for (const listener of ['http', 'https', 'mqtt', 'mqtts']) {
            this[listener] = endpoints[listener][0];
            this.#environment[`PYM_LISTEN_${listener.toUpperCase()}`] = this[listener];
        }
        this.url = `https://${this.https}`;
    }

    /** Ends the daemon in good order. */
    async stop() {
        const child = this.#child;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        if (child.exitCode === null) {
            child.kill('SIGTERM');
            await ended;
        }
        if (child.exitCode !== 0) throw new Error(`pymd ended with ${child.exitCode}:\n${this.log()}`);
    }

    /** Ends the daemon and removes its directory. */
    async end() {
        await this.stop();
        fs.rmSync(this.home, { recursive: true, force: true });
    }

    /** What the daemon has logged so far. */
    log() {
        return fs.readFileSync(path.join(this.home, 'log'), 'utf8');
    }

    /** A request over the control socket, which must succeed: the JSON of its answer. */
    async api(method, target, body) {
        const answer = await this.ask(method, target, body);
        if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${answer.text}`);
        return answer.text === '' ? null : JSON.parse(answer.text);
    }

    /** A request over the control socket, whatever is answered. */
    ask(method, target, body) {
        const text = body === undefined ? '' : JSON.stringify(body);
        const headers = { 'Content-Length': Buffer.byteLength(text) };
        if (body !== undefined) headers['Content-Type'] = 'application/json';
        const socketPath = path.join(this.home, 'pym.sock');
        return exchange({ socketPath, method, path: `/api/v1${target}`, headers }, text);
    }

    /** The code that makes the first administrator: the control socket tells it. */
    async setupCode() {
        return (await this.api('GET', '/status')).setup_code;
    }
}
