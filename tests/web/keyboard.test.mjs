// The dashboard without a mouse.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { enter, faultless, launch, visit } from './browser.mjs';
import { Site } from './site.mjs';

let site, browser, page;

before(async () => {
    site = await Site.start();
    for (const name of ['One', 'Two', 'Three']) await site.api('POST', '/devices', { type: 'arduino', identifier: name.toLowerCase(), name });
    browser = await launch();
    page = await visit(browser, site);
    await enter(page);
});

after(async () => {
    await browser?.close();
    await site?.end();
    faultless(page);
});

const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
/** What has the focus: its name, and whether a ring or the like shows it. */
const focus = () => page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const shown = (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
    return { tag: element.tagName, text: element.textContent.trim(), type: element.type, shown };
});

test('the first stop of the tabulator leads past the navigation', async () => {
    await page.goto('/');
    await press('Tab');
    const first = await focus();
    assert.equal(first.tag, 'A');
    assert.ok(first.shown, 'the focus cannot be seen');
    await press('Enter');
    assert.match(page.url(), /#/);
});

test('the focus is seen wherever the tabulator stops', async () => {
    await page.goto('/devices');
    const hidden = [];
    for (let stop = 0; stop < 40; stop += 1) {
        await press('Tab');
        const { tag, text, shown } = await focus();
        if (tag === 'BODY') break;
        if (!shown) hidden.push(`${tag} ${text}`);
    }
    assert.deepEqual(hidden, []);
});

test('/ leads to the search, and its letters are typed there', async () => {
    await page.goto('/devices');
    await press('/');
    assert.equal((await focus()).type, 'search');
    await press('g', 'p', '?', '/');
    assert.match(page.url(), /\/devices$/);
    assert.match(await page.evaluate(() => document.activeElement.value), /gp\?\/$/);
    await press('Escape');
});

test('g and a letter lead to the pages', async () => {
    await page.goto('/');
    await press('g', 'd');
    await page.waitForURL((url) => url.pathname === '/devices');
    await press('g', 'p');
    await page.waitForURL((url) => url.pathname === '/policies');
    await press('g', 'o');
    await page.waitForURL((url) => url.pathname !== '/policies');
});

test('j and k go through the rows, Enter opens one', async () => {
    await page.goto('/devices');
    const names = await page.locator('main tbody tr').evaluateAll((rows) => rows.map((row) => row.textContent));
    assert.equal(names.length, 3);
    await press('j');
    const first = await focus();
    assert.ok(first.shown, 'the row cannot be told');
    await press('j');
    const second = await focus();
    assert.notEqual(first.text, second.text);
    await press('k');
    assert.equal((await focus()).text, first.text);
    await press('Enter');
    await page.waitForURL(/\/devices\/[0-9a-f-]{36}/);
});

test('? shows the keys in a dialog, which keeps the focus and gives it back', async () => {
    await page.goto('/devices');
    const before = await page.evaluateHandle(() => {
        const link = document.querySelector('main tbody a');
        link.focus();
        return link;
    });
    await press('?');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    for (let stop = 0; stop < 12; stop += 1) {
        await press('Tab');
        const inside = await page.evaluate(() => document.activeElement === document.body
            || document.querySelector('dialog[open]').contains(document.activeElement));
        assert.ok(inside, 'the focus has left the dialog');
    }
    await press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.ok(await page.evaluate((link) => document.activeElement === link, before), 'the focus is not where it was');
});
