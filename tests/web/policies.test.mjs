// Policies by form and by JSON, their order by keys, by drag and without scripting, their versions, and the report of
// how devices comply.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { agree, close, launch, provoke, session, visit } from './browser.mjs';
import { Site, until } from './site.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>"\'&';

let site, browser, state;

before(async () => {
    site = await Site.start();
    for (const identifier of ['p1', 'p2']) {
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

const policy = (name) => site.api('GET', '/policies').then(({ items }) => items.find((each) => each.name === name));
const names = (page) => page.locator('tbody[data-order] > tr').evaluateAll((rows) => rows.map((row) => row.dataset.name));

test('a policy is tried and made by a form, applied, and a device that did not get it is told apart', async () => {
    const page = await open('/policies/new?type=android');
    await page.locator('#name').fill(`Guest ${HOSTILE}`);
    await page.locator('[name="set:WIFI"]').evaluate((box) => { box.closest('details').open = true; });
    provoke(page);
    await page.locator('[name="set:WIFI"]').check();
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.locator('.alert', { hasText: 'ssid' }).waitFor();
    assert.equal(await page.locator('[name="set:WIFI"]').getAttribute('aria-invalid'), 'true', 'the error is at its place');
    await page.locator('[name="f.WIFI.ssid"]').fill('guest');
    await page.locator('[name="f.WIFI.password"]').fill('hunter2hunter2');
    await page.getByRole('button', { name: 'Try it first' }).first().click();
    await page.locator('h2', { hasText: 'What this policy would do' }).waitFor();
    assert.equal(await page.locator('section.card tbody tr').count(), 2);
    assert.equal((await site.api('GET', '/policies')).items.length, 0, 'nothing is saved by trying');
    await page.locator('section.card button[name=save]').click();
    await page.waitForURL(/\/policies\/[0-9a-f-]{36}$/);
    assert.equal(await page.locator('h1').textContent(), `Guest ${HOSTILE}`);
    const made = await policy(`Guest ${HOSTILE}`);
    assert.equal(made.features[0].content.password, 'hunter2hunter2', 'what was tried is what is saved');
    await page.goto('/policies/apply');
    await page.getByRole('button', { name: 'Apply to devices' }).click();
    await page.waitForURL('/policies');
    await page.locator('.said', { hasText: '2 devices are sent a policy' }).waitFor();
    const [sent] = (await site.api('GET', '/devices/android:p2/operations?code=POLICY_BUNDLE')).items;
    await page.goto('/compliance?state=unknown');
    await site.api('POST', `/operations/${sent.id}/cancel`);
    await page.locator('#report', { hasText: 'The policy did not reach it: Cancelled' }).waitFor();
    await page.goto('/policies/apply');
    assert.match(await page.locator('#pending').textContent(), /Told once more/);
    await close(page);
});

test('a secret that is not typed again stays, a change is shown, and a version restored', async () => {
    const made = await policy(`Guest ${HOSTILE}`);
    const page = await open(`/policies/${made.id}/edit`);
    await page.locator('[name="f.WIFI.ssid"]').fill('guest-2');
    await page.locator('#note').fill('another network');
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.waitForURL(`/policies/${made.id}`);
    const [wifi] = (await policy(made.name)).features;
    assert.deepEqual([wifi.content.ssid, wifi.content.password], ['guest-2', 'hunter2hunter2']);
    const newest = page.locator('.versions > li').first();
    assert.match(await newest.textContent(), /another network/);
    assert.deepEqual(await newest.locator('.difference li').evaluateAll((all) => all.map((each) => each.innerText.split('\n').join(' '))),
        ['~ changed: features › WIFI › ssid guest → guest-2']);
    await page.getByRole('button', { name: 'Restore 1' }).click();
    await agree(page);
    await page.locator('.said', { hasText: 'Version 1 is in force again' }).waitFor();
    assert.equal((await policy(made.name)).version, 3);
    await close(page);
});

test('the order is changed by keys and by drag and saved once, and also without scripting', async () => {
    for (const name of ['Second', 'Third']) {
        await site.api('POST', '/policies', { name, device_type: 'android', features: [{ code: 'CAMERA', content: { enabled: true } }] });
    }
    const first = `Guest ${HOSTILE}`;
    const page = await open('/policies');
    await page.locator('[data-handle]').first().focus();
    await page.keyboard.press('ArrowDown');
    assert.match(await page.locator('[data-order-said]').textContent(), /is now at place 2 of 3/);
    assert.equal(await page.evaluate(() => document.activeElement.closest('tr')?.dataset.name), first, 'the focus goes along');
    const box = await page.locator('[data-handle]').nth(2).boundingBox();
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + 5, box.y - 120, { steps: 12 });
    await page.mouse.up();
    assert.deepEqual(await names(page), ['Third', 'Second', first]);
    await page.getByRole('button', { name: 'Save the order' }).click();
    await page.locator('.said').waitFor();
    const order = async () => (await site.api('GET', '/policies')).items.map((each) => each.name);
    assert.deepEqual(await order(), ['Third', 'Second', first]);
    await close(page);
    const plain = await open('/policies', { javaScriptEnabled: false });
    await plain.locator('button[name=down]').first().click();
    await plain.waitForURL('/policies');
    assert.deepEqual(await order(), ['Second', 'Third', first]);
    await plain.context().close();
});

test('a policy is deleted by whoever types its name', async () => {
    const { id } = await policy('Third');
    const page = await open(`/policies/${id}`);
    provoke(page);
    await page.locator('summary', { hasText: 'Delete this policy' }).click();
    await page.locator('#confirm').fill('third one');
    await page.getByRole('button', { name: 'Delete this policy' }).click();
    await page.locator('.alert').waitFor();
    await page.locator('#confirm').fill('Third');
    await page.getByRole('button', { name: 'Delete this policy' }).click();
    await page.waitForURL('/policies');
    await until('the policy is gone', async () => (await policy('Third')) === undefined);
    await close(page);
});
