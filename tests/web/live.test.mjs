// Pages that stay open: what changes appears by itself, and nothing the person does is lost by it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';

import { Board } from './agents.mjs';
import { close, enter, launch, session, visit } from './browser.mjs';
import { Site } from './site.mjs';

let site, browser, state, page;
const boards = [];

before(async () => {
    site = await Site.start();
    for (let index = 0; index < 60; index += 1) {
        await site.api('POST', '/devices', { type: 'arduino', identifier: `shelf-${index}`, name: `Shelf ${String(index).padStart(2, '0')}` });
    }
    boards.push(await Board.enroll(site, 'raspberrypi', 'kitchen', { name: 'Kitchen' }));
    boards[0].connect();
    browser = await launch();
    state = await session(browser, site);
});

beforeEach(async () => { page = await visit(browser, site, { storageState: state }); });

afterEach(() => close(page));

after(async () => {
    await browser?.close();
    for (const board of boards) board.end();
    await site?.end();
});

const mark = () => page.locator('#live');
const isLive = () => mark().and(page.locator('[data-state=on]')).waitFor();

test('a device that enrolls appears on the open list', async () => {
    await page.goto('/devices');
    await isLive();
    boards.push(await Board.enroll(site, 'raspberrypi', 'attic', { name: 'Attic' }));
    await page.getByRole('link', { name: 'Attic' }).first().waitFor();
});

test('typed text, focus, selection and scroll survive what changes meanwhile', async () => {
    await page.goto('/devices');
    await isLive();
    const search = page.getByLabel('Which devices');
    await search.fill('shelf or kitchen');
    await search.evaluate((input) => input.setSelectionRange(2, 5));
    const row = page.getByLabel('Tick Shelf 05');
    await row.check();
    await search.focus();
    await page.evaluate(() => scrollTo(0, 300));
    const scrolled = await page.evaluate(() => scrollY);
    assert.ok(scrolled > 0, 'the list is not long enough to scroll');
    assert.equal(await row.count(), 1);
    await site.api('PATCH', '/devices/arduino:shelf-3', { name: 'Shelf 03 renamed' });
    await page.getByRole('link', { name: 'Shelf 03 renamed' }).first().waitFor();
    const now = await search.evaluate((input) => [document.activeElement === input, input.value, input.selectionStart, input.selectionEnd]);
    assert.deepEqual(now, [true, 'shelf or kitchen', 2, 5]);
    assert.equal(await page.evaluate(() => scrollY), scrolled);
    assert.ok(await row.isChecked(), 'what was selected is no longer');
});

test('telemetry is seen on the page of its device as it arrives', async () => {
    await boards[0].measure({ temperature: 41.25 });
    const { id } = await site.api('GET', '/devices/raspberrypi:kitchen');
    await page.goto(`/devices/${id}`);
    await isLive();
    await page.locator('main').getByText('41.25').first().waitFor();
    await boards[0].measure({ temperature: 43.75 });
    await page.locator('main').getByText('43.75').first().waitFor();
});

test('the mark tells when the daemon is gone, and the page is up to date again when it is back', async () => {
    page.forgiven.push(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_HTTP2|ERR_EMPTY|Failed to fetch|ERR_NETWORK|status of 5/);
    await page.goto('/devices');
    await isLive();
    assert.match(await mark().innerText(), /live/i);
    await site.stop();
    await mark().and(page.locator('[data-state=wait], [data-state=stale]')).waitFor();
    assert.doesNotMatch(await mark().innerText(), /^live$/i);
    await site.run();
    await site.api('PATCH', '/devices/arduino:shelf-4', { name: 'Shelf 04 renamed' });
    await isLive();
    await page.getByRole('link', { name: 'Shelf 04 renamed' }).first().waitFor();
});

test('an open page of a session that was ended elsewhere shows nothing more', async () => {
    page.forgiven.push(/status of 401/);
    const other = await visit(browser, site);
    await enter(other);
    await other.goto('/devices');
    await other.locator('#live[data-state=on]').waitFor();
    other.forgiven.push(/status of 4/);
    await site.api('DELETE', '/users/admin/sessions');
    await other.reload();
    await other.waitForURL((url) => url.pathname === '/login');
    await other.context().close();
});
