// Makes assets/screenshots from the product's own run: a small site on an ordinary day.
// Takes as long as the history of the board is to show, three minutes or PYM_SCREENSHOTS_SECONDS.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

import { Board, Phone } from './agents.mjs';
import { enter, faultless, launch, visit } from './browser.mjs';
import { CAMERA } from './plenty.mjs';
import { Site, until } from './site.mjs';

const DIRECTORY = new URL('../../assets/screenshots/', import.meta.url).pathname;
/** No picture is larger, in bytes. */
const LARGEST = 150_000;
const MINUTE = 60_000;
const seconds = Number(process.env.PYM_SCREENSHOTS_SECONDS ?? 180);

const BOARDS = [
    ['raspberrypi', 'kitchen', 'Kitchen', 21.4], ['raspberrypi', 'cellar', 'Cellar', 14.2], ['raspberrypi', 'workshop', 'Workshop', 18.7],
    ['raspberrypi', 'roof', 'Roof weather', 9.8], ['raspberrypi', 'greenhouse', 'Greenhouse', 26.1],
    ['virtual_firealarm', 'stairs', 'Stairs fire alarm', 20.3], ['virtual_firealarm', 'garage', 'Garage fire alarm', 12.9],
    ['arduino', 'pump', 'Rain pump', 11.2],
];
const PHONES = [
    ['4f0c1e5a00000001', 'Reception tablet', 'Galaxy Tab A8', 'Samsung', '13', 88, [6.9271, 79.8612]],
    ['4f0c1e5a00000002', 'Anna', 'Pixel 7', 'Google', '14', 64, [6.9280, 79.8605]],
    ['4f0c1e5a00000003', 'Delivery van', 'Nokia G22', 'HMD', '12', 17, [6.9190, 79.8550]],
    ['4f0c1e5a00000004', 'Lobby display', 'Galaxy Tab A8', 'Samsung', '13', 100, [6.9271, 79.8613]],
];

/** What a sensor reads: a day's wave and some noise that is the same at every run. */
function reading(mean, at, seed) {
    const day = Math.sin((at / (24 * 60 * MINUTE)) * 2 * Math.PI + seed);
    const noise = Math.sin(at / 97_003 + seed * 7) + Math.sin(at / 41_017 + seed * 3);
    return Math.round((mean + 2.4 * day + 0.25 * noise) * 100) / 100;
}

function measurements(type, mean, at, seed) {
    const temperature = reading(mean, at, seed);
    if (type === 'virtual_firealarm') return { temperature, humidity: Math.round(reading(48, at, seed + 2)) };
    if (type === 'arduino') return { temperature };
    return {
        temperature: temperature + 22, load: Math.round(Math.abs(reading(0.4, at, seed) - 0.4) * 30) / 100,
        memory_used: 310_000_000 + Math.round(reading(40, at, seed) * 1e6), memory_total: 969_000_000,
        disk_used: 6_100_000_000, disk_total: 28_800_000_000, cpu_count: 4, uptime: Math.round((at % 2.6e9) / 1000),
    };
}

/** A day of measurements of a board, but for an hour in which it was without power. */
async function remember(site, id, type, mean, seed) {
    const now = Date.now();
    const times = [];
    for (let at = now - 24 * 60 * MINUTE; at < now - MINUTE; at += 10 * MINUTE) {
        const before = (now - at) / MINUTE;
        if (seed !== 2 || before < 300 || before > 360) times.push(at);
    }
    for (const at of times) {
        const event = { device_time: new Date(at).toISOString(), values: measurements(type, mean, at, seed) };
        await site.api('POST', `/devices/${id}/telemetry`, event);
    }
}

async function picture(page, address, name, ready) {
    await page.goto(address);
    await (ready ?? page.locator('main h1').first()).waitFor();
    const file = `${DIRECTORY}${name}.png`;
    await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
    const quantized = spawnSync('pngquant', ['--force', '--strip', '--speed', '1', '--output', file, '128', file]);
    if (quantized.status !== 0) throw new Error(`pngquant: ${quantized.error ?? quantized.stderr}`);
    const { size } = fs.statSync(file);
    if (size > LARGEST) throw new Error(`${name}.png has ${size} bytes`);
    console.log(`${name}.png ${(size / 1000).toFixed(0)} KB`);
}

const site = await Site.start({ environment: { PYM_POLICY_MONITOR_INTERVAL: '5' } });
const boards = [];
for (const [type, identifier, name, mean] of BOARDS) {
    boards.push(Object.assign(await Board.enroll(site, type, identifier, { name, ownership: 'COPE' }), { type, mean }));
}
await Promise.all(boards.map((board, seed) => remember(site, board.id, board.type, board.mean, seed)));
const phones = [];
for (const [identifier, name, model, vendor, version, battery, place] of PHONES) {
    const phone = new Phone(site, identifier, { name, model, vendor, version, battery, place });
    await phone.join();
    phones.push(phone);
}
// One board has never spoken over MQTT since, one has gone.
for (const board of boards.slice(0, -1)) board.connect();
await until('the boards', async () =>
    (await site.api('GET', '/devices?limit=100')).items.filter(({ online }) => online).length >= boards.length - 1);
for (const [name, more] of [
    ['Climate', { query: 'type:raspberrypi', description: 'Every board with a thermometer' }],
    ['Phones and tablets', { query: 'type:android' }],
    ['Fire safety', { query: 'type:virtual_firealarm', description: 'Alarms, tested every month' }],
    ['Low battery', { query: 'battery<20' }],
]) await site.api('POST', '/groups', { name, ...more });
await site.api('POST', '/tags', { devices: [boards[1].id, boards[2].id], add: ['indoors'] });
await site.api('POST', '/tags', { devices: [boards[3].id, boards[7].id], add: ['outdoors'] });
await site.api('POST', '/policies', CAMERA);
await site.api('POST', '/policies', {
    name: 'Screen lock', device_type: 'android', mode: 'warn', active: true,
    features: [{ code: 'PASSCODE_POLICY', content: { minLength: 6, requireAlphanumeric: true } }],
});
await site.api('POST', '/policies', {
    name: 'Kiosk for displays', device_type: 'android', mode: 'block', active: false,
    features: [{ code: 'CAMERA', content: { enabled: true } }],
});
await site.api('POST', '/policies/apply');
phones[1].obedient = false;
await site.api('POST', '/activities', { code: 'bulb', payload: 'ON', devices: boards.slice(0, 3).map(({ id }) => id) });
await site.api('POST', '/activities', { code: 'stats', devices: [boards[1].id] });

// An ordinary day, in which the history of the board grows.
let over = false;
const traffic = Promise.all([
    ...boards.slice(0, -1).map(async (board, seed) => {
        while (!over) {
            await board.measure(measurements(board.type, board.mean, Date.now(), seed));
            await new Promise((resolve) => setTimeout(resolve, 1000 + 150 * seed));
        }
    }),
    ...phones.map(async (phone) => {
        while (!over) {
            await phone.poll();
            await new Promise((resolve) => setTimeout(resolve, 2000));
        }
    }),
]);
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const browser = await launch();
const page = await visit(browser, site, { colorScheme: 'light', reducedMotion: 'reduce' });
fs.mkdirSync(DIRECTORY, { recursive: true });
await enter(page);
await picture(page, '/', 'overview');
await picture(page, '/devices', 'devices');
await picture(page, `/devices/${boards[2].id}`, 'device');
await picture(page, '/policies', 'policies');
await picture(page, '/enroll/device/android', 'enroll');
await page.emulateMedia({ colorScheme: 'dark' });
await picture(page, '/', 'overview-dark');
faultless(page);
await browser.close();
over = true;
await traffic;
for (const each of [...boards, ...phones]) each.end();
await site.end();
