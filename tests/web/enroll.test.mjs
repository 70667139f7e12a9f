// The ways devices come in, and what they are put into: the enroll wizard, groups, geofences and packages.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { agree, close, launch, provoke, session, visit } from './browser.mjs';
import { Site, until } from './site.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>"\'&';

let site, browser, state;

before(async () => {
    site = await Site.start();
    for (const identifier of ['phone-1', 'phone-2']) {
        await site.api('POST', '/devices', { type: 'android', identifier, name: `${identifier} ${HOSTILE}` });
    }
    browser = await launch();
    state = await session(browser, site);
});

after(async () => {
    await browser?.close();
    await site?.end();
});

async function open(address, options = {}) {
    const page = await visit(browser, site, { storageState: state, ...options });
    await page.goto(address);
    return page;
}

test('a token from the wizard lets boards in by the commands it shows, and the page tells of each', async () => {
    const page = await open('/enroll/device');
    await page.getByRole('link', { name: 'Raspberry Pi' }).click();
    provoke(page);
    await page.locator('#owner').fill('nobody');
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.locator('.alert', { hasText: 'there is no person' }).waitFor();
    assert.equal(await page.locator('#owner').getAttribute('aria-invalid'), 'true');
    await page.locator('#owner').fill('');
    await page.locator('#note').fill(HOSTILE);
    await page.locator('#count').fill('2');
    await page.locator('#tags').fill('lobby, new');
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.locator('.commands').waitFor();
    const commands = await page.locator('.commands pre code').allTextContents();
    assert.equal(commands.length, 4);
    const board = fs.mkdtempSync(path.join(site.home, 'board-'));
    // Each in its own shell, as a person pastes them.
    for (const command of commands) {
        execFileSync('bash', ['-ec', `hostname() { echo cellar; }\n${command}`], { cwd: board, stdio: 'pipe' });
    }
    assert.ok(fs.readFileSync(path.join(board, 'agent.zip')).subarray(0, 2).equals(Buffer.from('PK')));
    const [cellar] = (await site.api('GET', '/devices?q=identifier%3Dcellar')).items;
    const detail = await site.api('GET', `/devices/${cellar.id}`);
    assert.deepEqual(detail.tags, ['lobby', 'new']);
    assert.equal(detail.metrics.find((last) => last.metric === 'temperature').value, 21.5);
    await page.getByRole('link', { name: 'Follow what it enrolls' }).click();
    assert.equal(await page.locator('h1').textContent(), HOSTILE);
    assert.match(await page.locator('#token').textContent(), /2 of 2/);
    assert.equal(await page.locator('#arrived li').count(), 2);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await agree(page);
    await page.locator('.said').waitFor();
    assert.deepEqual((await site.api('GET', '/enrollment/tokens')).items, []);
    await close(page);
});

test('the wizard shows a device arrive by itself', async () => {
    const page = await open('/enroll/device/arduino');
    await page.locator('#live[data-state=on]').waitFor();
    assert.equal(await page.locator('#arrived li').count(), 0);
    await page.locator('#note').fill('half typed');
    await site.api('POST', '/devices', { type: 'arduino', identifier: 'shed', name: HOSTILE });
    await page.locator('#arrived li', { hasText: HOSTILE }).waitFor();
    assert.equal(await page.locator('#note').inputValue(), 'half typed');
    await page.locator('#name').fill('Porch');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /download/i }).click()]);
    assert.equal(download.suggestedFilename(), 'Porch.zip');
    await page.locator('#arrived li', { hasText: 'Porch' }).waitFor();
    await close(page);
});

test('a group is checked while it is typed, filled, shared, and deleted by its name', async () => {
    const page = await open('/groups/new');
    const check = page.locator('#query-check');
    await page.locator('#name').fill(HOSTILE);
    await page.locator('#query').pressSequentially('type:android');
    await check.filter({ hasText: '2 devices fit' }).waitFor();
    await page.locator('#query').pressSequentially(' os<<9');
    await check.locator('mark').waitFor();
    assert.equal(await check.locator('mark').textContent(), '<<9');
    provoke(page);
    await page.getByRole('button', { name: 'Make the group' }).click();
    await page.locator('.alert').waitFor();
    assert.equal(await page.locator('#name').inputValue(), HOSTILE);
    await page.locator('#query').fill('');
    await page.getByRole('button', { name: 'Make the group' }).click();
    await page.locator('.said').waitFor();
    await page.locator('#look').fill('phone');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.locator('[data-tick]').first().check();
    await page.getByRole('button', { name: 'Add those ticked' }).click();
    await page.locator('#members tbody tr', { hasText: 'phone-1' }).waitFor();
    await page.getByLabel('device-owner').check();
    await page.getByRole('button', { name: 'Save sharing' }).click();
    await page.locator('#facts .tag', { hasText: 'device-owner' }).waitFor();
    await page.getByRole('button', { name: 'Take out' }).click();
    await page.locator('#members tbody').waitFor({ state: 'detached' });
    await page.locator('#confirm').fill('another');
    await page.getByRole('button', { name: 'Delete the group' }).click();
    await agree(page);
    await page.locator('.alert').waitFor();
    await page.locator('#confirm').fill(HOSTILE);
    await page.getByRole('button', { name: 'Delete the group' }).click();
    await agree(page);
    await page.waitForURL(/groups$/);
    assert.deepEqual((await site.api('GET', '/groups')).items, []);
    await close(page);
});

test('lists of groups, geofences and packages follow what others do', async () => {
    const shape = { kind: 'circle', centre: { latitude: 1, longitude: 1 }, radius: 50 };
    for (const [list, body] of [['groups', { name: HOSTILE }], ['geofences', { name: HOSTILE, shape }]]) {
        const page = await open(`/${list}`);
        await page.locator('#live[data-state=on]').waitFor();
        const { id } = await site.api('POST', `/${list}`, body);
        await page.locator('tbody tr', { hasText: HOSTILE }).waitFor();
        await site.api('DELETE', `/${list}/${id}`);
        await page.locator('.empty').waitFor();
        await close(page);
    }
});

test('a geofence is drawn, changed and deleted', async () => {
    const page = await open('/geofences/new');
    await page.locator('#name').fill('Market');
    await page.locator('#latitude').fill('52.5163');
    await page.locator('#longitude').fill('13.3777');
    await page.getByRole('button', { name: 'Make the geofence' }).click();
    await page.locator('figure.map svg').waitFor();
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Polygon').check();
    provoke(page);
    await page.locator('#corners').fill('52.51, 13.37\n52.52, 13.37\nnowhere');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.alert', { hasText: 'line 3' }).waitFor();
    await page.locator('#corners').fill('52.51, 13.37\n52.52, 13.37\n52.515, 13.38');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('#facts', { hasText: 'polygon of 3 corners' }).waitFor();
    await page.locator('#confirm').fill('Market');
    await page.getByRole('button', { name: 'Delete the geofence' }).click();
    await agree(page);
    await page.waitForURL(/geofences$/);
    await close(page);
});

test('a package goes from the browser to the site, and to the devices of a group', async () => {
    const group = await site.api('POST', '/groups', { name: 'Phones', query: 'type:android' });
    const file = path.join(site.home, 'app.apk');
    fs.writeFileSync(file, Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(300000)]));
    const page = await open('/packages');
    provoke(page);
    await page.locator('#file').setInputFiles(file);
    await page.locator('#identifier').fill('nonsense');
    await page.locator('#version').fill('1.0');
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.locator('.alert').waitFor();
    assert.equal(await page.locator('#identifier').getAttribute('aria-invalid'), 'true');
    await page.locator('#identifier').fill('com.example.app');
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByRole('link', { name: 'com.example.app' }).click();
    await page.locator('#group').selectOption(group.id);
    await page.getByRole('button', { name: 'Show the devices' }).click();
    assert.match(await page.locator('main').textContent(), /phone-1.*phone-2/s);
    await page.getByRole('button', { name: 'Install' }).click();
    await agree(page);
    await page.waitForURL(/activities/);
    const sent = await until('operations for both phones', async () => {
        const found = await site.api('GET', '/operations?code=INSTALL_APPLICATION');
        return found.total === 2 && found;
    });
    assert.ok(sent.items.every((operation) => operation.code === 'INSTALL_APPLICATION'));
    page.faults.length = 0;
    await page.context().close();
});

test('without scripting a token is made and an upload told of', async () => {
    const page = await open('/enroll/device/arduino', { javaScriptEnabled: false });
    await page.locator('#note').fill('no script');
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByRole('link', { name: 'Follow what it enrolls' }).click();
    assert.equal(await page.locator('h1').textContent(), 'no script');
    await page.goto('/packages');
    assert.ok(await page.locator('.unscripted').isVisible());
    assert.ok(!(await page.locator('#upload').isVisible()));
    await page.context().close();
});
