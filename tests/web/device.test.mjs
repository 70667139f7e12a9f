// One device's page: what it measures is drawn and redrawn, what it is told can be followed, sent again and taken back,
// and what is said of it can be changed, in the browser and without scripting.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Board } from './agents.mjs';
import { close, faultless, launch, provoke, session, visit } from './browser.mjs';
import { Site, until } from './site.mjs';

let site, browser, state, page, kitchen, phone;

before(async () => {
    site = await Site.start();
    kitchen = await Board.enroll(site, 'raspberrypi', 'kitchen', { name: 'Kitchen' });
    kitchen.connect();
    phone = await site.api('POST', '/devices', { type: 'android', identifier: 'phone', name: 'Phone' });
    const now = Date.now();
    for (const [minutes, temperature] of [[300, 40.5], [290, 41], [280, 42], [30, 55], [20, 54], [10, 53]]) {
        const time = new Date(now - minutes * 60_000).toISOString();
        const values = { temperature, latitude: 6.9 + minutes / 10_000, longitude: 79.86 };
        await site.api('POST', `/devices/${kitchen.id}/telemetry`, { device_time: time, values });
    }
    browser = await launch();
    state = await session(browser, site);
});

beforeEach(async () => { page = await visit(browser, site, { storageState: state }); });

afterEach(() => close(page));

after(async () => {
    await browser?.close();
    kitchen?.end();
    await site?.end();
});

const open = async (tab = '', device = kitchen.id) => {
    await page.goto(`/devices/${device}${tab}`);
    await page.locator('#live[data-state=on]').waitFor();
};

test('what it measures is drawn with its gap, told under the pointer, and redrawn as values come in', async () => {
    await open('/metrics?range=24h');
    const card = page.locator('.metric', { hasText: 'CPU temperature' });
    await card.locator('.value', { hasText: '53 °C' }).waitFor();
    assert.equal(await card.locator('path.line').count(), 2, 'a silence of hours is a gap');
    await card.locator('.hit').last().hover();
    await card.locator('.reading', { hasText: '53 °C' }).waitFor();
    assert.match(await card.getByRole('img', { name: 'CPU temperature' }).locator('desc').textContent(), /40\.5 °C to 55 °C/);
    await kitchen.measure({ temperature: 61.5 });
    await card.locator('.value', { hasText: '61.5 °C' }).waitFor();
    await card.getByText('As a table').click();
    assert.ok(await card.locator('tbody tr').count() >= 4, 'a row for each stretch with values');
    await page.getByRole('link', { name: '1 hour' }).click();
    await page.waitForURL(/range=1h/);
});

test('where it is stands on a map, and in a list beside it', async () => {
    await open('/location');
    const map = page.locator('figure.map');
    await map.locator('.here').waitFor();
    assert.equal(await map.locator('.trail circle:not(.here, .halo)').count(), 5);
    await map.getByText('As a list').click();
    assert.equal(await map.locator('tbody tr').count(), 6);
    assert.match(await map.textContent(), /6\.90100° N, 79\.86000° E/);
});

test('an operation is sent from its form, and its answer appears', async () => {
    await open('/send?code=bulb');
    await page.getByLabel('OFF').check();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.waitForURL(/\/operations/);
    const first = page.locator('.operations > li').first();
    await first.locator('.badge', { hasText: 'Completed' }).first().waitFor();
    await until('the board is told', () => kitchen.done.some(([code, payload]) => code === 'bulb' && payload === 'OFF'));
    await first.getByText('Details').click();
    await first.getByText('bulb is done').waitFor();
});

test('what interrupts asks first, and the server insists', async () => {
    await open('/send?code=reboot');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Yes, go on' }).click();
    provoke(page);
    await page.getByRole('alert').waitFor();
    await page.getByLabel(/I mean it/).check();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Yes, go on' }).click();
    await page.waitForURL(/\/operations/);
    await until('the board is told', () => kitchen.done.some(([code]) => code === 'reboot'));
});

test('a list in a form grows by rows, and what is wrong is named without losing what was typed', async () => {
    await open('/send?code=APP-RESTRICTION', phone.device.id);
    const rows = page.locator('fieldset.entry');
    const before = await rows.count();
    await page.getByRole('button', { name: 'Add an entry' }).click();
    assert.equal(await rows.count(), before + 1);
    await rows.last().getByLabel(/Package/).fill('nonsense');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    provoke(page);
    await page.getByRole('alert').filter({ hasText: 'packageName' }).waitFor();
    assert.equal(await rows.last().getByLabel(/Package/).inputValue(), 'nonsense');
    await rows.last().getByLabel(/Package/).fill('org.example.app');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.waitForURL(/\/operations/);
    const sent = await site.api('GET', `/devices/${phone.device.id}/operations?code=APP-RESTRICTION`);
    assert.deepEqual(JSON.parse(sent.items[0].payload)['restricted-applications'], [{ packageName: 'org.example.app' }]);
});

test('an operation is taken back, and sent again', async () => {
    const { operations } = await site.api('POST', '/activities', { code: 'DEVICE_RING', devices: [phone.device.id] });
    await open('/operations', phone.device.id);
    const entry = page.locator(`#operation-${operations[0].id}`);
    await entry.getByRole('button', { name: 'Take back' }).click();
    await entry.locator('.badge', { hasText: 'Cancelled' }).waitFor();
    await entry.getByRole('button', { name: 'Send again' }).click();
    await page.getByRole('status').filter({ hasText: 'Sent again' }).waitFor();
    const all = await site.api('GET', `/devices/${phone.device.id}/operations?code=DEVICE_RING`);
    assert.deepEqual(all.items.map((operation) => operation.status), ['PENDING', 'CANCELLED']);
});

test('what is said of it is changed without scripting, and it leaves when its name is typed', async () => {
    await page.context().close();
    page = await visit(browser, site, { storageState: state, javaScriptEnabled: false });
    const { device } = await site.api('POST', '/devices', { type: 'arduino', identifier: 'shelf', name: 'Shelf' });
    await page.goto(`/devices/${device.id}`);
    await page.locator('#note summary').click();
    await page.locator('#note-text').fill('Behind <b>the</b> door\nAsk Ana');
    await page.locator('#note').getByRole('button', { name: 'Save' }).click();
    await page.locator('#note').getByText('Behind <b>the</b> door').first().waitFor();
    assert.equal((await site.api('GET', `/devices/${device.id}`)).note.text, 'Behind <b>the</b> door\nAsk Ana');
    await page.goto(`/devices/${device.id}/manage`);
    await page.locator('#tags').fill('lobby, floor-2');
    await page.locator('form[action$="/tags"]').getByRole('button').click();
    await page.getByText('Saved.').waitFor();
    await page.goto(`/devices/${device.id}/manage`);
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByText('Suspended').first().waitFor();
    assert.deepEqual((await site.api('GET', `/devices/${device.id}`)).tags, ['floor-2', 'lobby']);
    await page.locator('#confirm').fill('Shelves');
    await page.getByRole('button', { name: 'Remove the device' }).click();
    provoke(page);
    await page.getByText('that is not the name').waitFor();
    assert.equal((await site.api('GET', `/devices/${device.id}`)).status, 'SUSPENDED');
    await page.goto(`/devices/${device.id}/manage`);
    await page.locator('#confirm').fill('Shelf');
    await page.getByRole('button', { name: 'Remove the device' }).click();
    await page.waitForURL(/\/devices$/);
    assert.equal((await site.api('GET', `/devices/${device.id}`)).status, 'REMOVED');
});

test('every part is readable while it is empty, in both languages and on a phone', async () => {
    await page.context().close();
    const { device } = await site.api('POST', '/devices', { type: 'arduino', identifier: 'empty' });
    for (const locale of ['en-GB', 'zh-CN']) {
        page = await visit(browser, site, { storageState: state, locale, viewport: { width: 360, height: 800 } });
        for (const tab of ['', '/metrics', '/location', '/applications', '/policy', '/operations', '/certificates', '/manage', '/json', '/send']) {
            await page.goto(`/devices/${device.id}${tab}`);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, `${tab} in ${locale}`);
            assert.equal(await page.locator('h1').count(), 1);
        }
        faultless(page);
        if (locale === 'en-GB') await page.context().close();
    }
});
