// The list of devices: finding them, and doing something to many at once.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Board, Phone } from './agents.mjs';
import { close, launch, provoke, session, visit } from './browser.mjs';
import { Site, until } from './site.mjs';

let site, browser, state, page, phone;
const boards = [];

before(async () => {
    site = await Site.start();
    for (const name of ['Attic', 'Cellar', 'Kitchen']) {
        boards.push(await Board.enroll(site, 'raspberrypi', name.toLowerCase(), { name, ownership: 'COPE' }));
    }
    for (let index = 0; index < 57; index += 1) {
        await site.api('POST', '/devices', { type: 'arduino', identifier: `shelf-${index}`, name: `Shelf ${String(index).padStart(2, '0')}` });
    }
    phone = new Phone(site, '9011c1e500000001', { name: 'Lobby phone', version: '8.1.0' });
    await phone.join();
    await site.api('POST', '/tags', { devices: [boards[1].id, boards[2].id], add: ['warm'] });
    browser = await launch();
    state = await session(browser, site);
});

beforeEach(async () => { page = await visit(browser, site, { storageState: state }); });

afterEach(() => close(page));

after(async () => {
    await browser?.close();
    for (const board of boards) board.end();
    phone?.end();
    await site?.end();
});

const names = () => page.locator('#devices tbody td.name').allInnerTexts();

async function search(query) {
    await page.getByLabel('Which devices').fill(query);
    await page.getByLabel('Which devices').press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === query);
}

test('the query language finds devices', async () => {
    await page.goto('/devices');
    await search('type:android os<9');
    assert.deepEqual(await names(), ['Lobby phone']);
    await search('tag:warm not name:"Kitchen"');
    assert.deepEqual(await names(), ['Cellar']);
    await search('shelf');
    assert.match(await page.locator('#found').innerText(), /57/);
    // The bar above every page asks the same.
    await page.goto('/');
    await page.locator('#find').fill('name:attic');
    await page.locator('#find').press('Enter');
    await page.waitForURL((url) => url.pathname === '/devices');
    assert.deepEqual(await names(), ['Attic']);
});

test('a query that goes wrong is told where', async () => {
    provoke(page);
    await page.goto('/devices');
    await search('os<x');
    await page.getByRole('alert').waitFor();
    assert.match(await page.getByRole('alert').innerText(), /4|3/);
    assert.equal(await page.getByLabel('Which devices').inputValue(), 'os<x');
});

test('facets narrow the list, columns sort it, and the address holds both', async () => {
    await page.goto('/devices');
    await page.locator('#facets').getByRole('link', { name: /raspberrypi/ }).click();
    await page.waitForURL(/type=raspberrypi/);
    assert.deepEqual((await names()).sort(), ['Attic', 'Cellar', 'Kitchen']);
    await page.locator('#devices thead').getByRole('link', { name: 'Name' }).click();
    await page.waitForURL(/desc/);
    assert.deepEqual(await names(), ['Kitchen', 'Cellar', 'Attic']);
    const url = page.url();
    await page.goto('/');
    await page.goto(url);
    assert.deepEqual(await names(), ['Kitchen', 'Cellar', 'Attic']);
});

test('the pages of a list show every device once', async () => {
    await page.goto('/devices');
    const seen = await names();
    for (;;) {
        const next = page.locator('#pages a[rel=next]');
        if (await next.count() === 0) break;
        const before = page.url();
        await next.click();
        await page.waitForURL((url) => url.href !== before);
        seen.push(...await names());
    }
    assert.equal(seen.length, 61);
    assert.equal(new Set(seen).size, 61);
});

test('the export is safe to open in a spreadsheet', async () => {
    await site.api('PATCH', '/devices/arduino:shelf-9', { name: '=HYPERLINK("https://evil.example")' });
    await page.goto('/devices?q=type:arduino');
    await page.locator('summary').filter({ hasText: 'Export' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'As CSV' }).click();
    const parts = [];
    for await (const part of await (await download).createReadStream()) parts.push(part);
    const text = Buffer.concat(parts).toString();
    assert.equal(text.trim().split('\n').length, 58);
    assert.match(text, /HYPERLINK/);
    assert.doesNotMatch(text, /(^|[,;\t])"?[=+\-@]HYPERLINK/m);
    await site.api('PATCH', '/devices/arduino:shelf-9', { name: 'Shelf 09' });
});

test('an operation is sent to many devices after a preview, and is seen to be done', async () => {
    await page.goto('/devices');
    await page.getByLabel('Tick Cellar').check();
    await page.getByLabel('Tick Kitchen').check();
    await page.getByLabel('Do to the ticked ones').selectOption('send');
    await page.getByRole('button', { name: 'Continue…' }).click();
    await page.getByRole('button', { name: 'Switch the bulb' }).click();
    const payload = page.locator('main form').getByRole('combobox').or(page.locator('main form').getByRole('radio', { name: 'ON' })).first();
    await payload.waitFor();
    assert.match(await page.locator('main').innerText(), /What will happen[^]*It is done to\s*2/);
    const sent = async () => (await site.api('GET', '/activities')).items.filter(({ code }) => code === 'bulb');
    assert.equal((await sent()).length, 0, 'the preview has sent it');
    if (await payload.getAttribute('type') === 'radio') await payload.check(); else await payload.selectOption('ON');
    await page.getByRole('button', { name: /2 devices/ }).click();
    await page.getByRole('dialog').getByRole('button').last().click();
    await page.getByRole('status').filter({ hasText: 'was sent to 2 devices' }).waitFor();
    const [activity] = await sent();
    await page.goto(`/activities/${activity.id}`);
    await page.locator('#live[data-state=on]').waitFor();
    assert.match(await page.locator('main').innerText(), /Pending/i);
    // The boards connect and answer while the page is open.
    for (const board of boards.slice(1)) board.connect();
    await until('both boards to switch', () => boards.slice(1).every((board) => board.done.some(([code, payload]) => code === 'bulb' && payload === 'ON')));
    await page.locator('main').getByText(/Completed/i).nth(1).waitFor();
    await page.waitForFunction(() => !/Pending/i.test(document.querySelector('main tbody').innerText));
});

test('all that match are meant, not only the page, and removing them takes their number typed', async () => {
    provoke(page);
    await page.goto('/devices?q=shelf');
    await page.getByLabel(/^All 57 that match/).check();
    await page.getByLabel('Do to the ticked ones').selectOption('remove');
    await page.getByRole('button', { name: 'Continue…' }).click();
    await page.getByText('What will happen').waitFor();
    const confirm = page.locator('#confirm');
    await confirm.fill('56');
    const button = page.getByRole('button', { name: /57 devices/ });
    await button.click();
    await page.getByText('the number does not agree').waitFor();
    assert.equal((await site.api('GET', '/devices?q=shelf&limit=100')).items.length, 57);
    await confirm.fill('57');
    await button.click();
    await page.getByRole('status').filter({ hasText: '57 devices are removed' }).waitFor();
    assert.equal((await site.api('GET', '/devices?q=shelf&limit=100')).items.length, 0);
});
