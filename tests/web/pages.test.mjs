// Every page that can be reached by links, as an administrator of a site that has something of everything.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { enter, faultless, launch, logIn, visit } from './browser.mjs';
import { Findings, invalid, tooWide, violations } from './checks.mjs';
import { fill } from './plenty.mjs';
import { Site } from './site.mjs';
import { walk } from './walk.mjs';

/** Fewer pages than this mean that the walk got lost. */
const AT_LEAST = 25;
/** What the navigation of a Chinese page may say in Latin letters. */
const LATIN = /^(API|Pym|TLS|MQTT|English|\?|\/)$/;

let site, devices, browser, session;
/** One address of each kind of page, and the links that lead nowhere. */
let addresses, broken;

const context = (options) => visit(browser, site, { storageState: session, ...options });

/** A page as it comes from the server, before the script has touched it. */
const source = (page, address) => page.request.get(address, { headers: { accept: 'text/html' } });

/** Looks at every page, and at the login as somebody who has not logged in; `look` adds what is wrong to the findings. */
async function each(look) {
    const wrong = new Findings();
    const [stranger, page] = [await context({ storageState: undefined }), await context()];
    await look('/login', stranger, wrong);
    for (const address of addresses) await look(address, page, wrong);
    wrong.none();
    for (const each of [stranger, page]) {
        faultless(each);
        await each.context().close();
    }
}

before(async () => {
    site = await Site.start({ environment: { PYM_POLICY_MONITOR_INTERVAL: '1' } });
    devices = await fill(site);
    browser = await launch();
    const page = await visit(browser, site);
    await enter(page);
    session = await page.context().storageState();
    ({ addresses, broken } = await walk(page, site));
    if (broken.length === 0) faultless(page);
    await page.context().close();
});

after(async () => {
    await browser?.close();
    devices?.board.end();
    devices?.phone.end();
    await site?.end();
});

test('every link leads to a page', (t) => {
    t.diagnostic(addresses.join(' '));
    assert.deepEqual(broken, []);
    assert.ok(addresses.length >= AT_LEAST, addresses.join(' '));
});

test('no page is hard to use with a screen reader or weak eyes, dark or light', async () => {
    await each(async (address, page, wrong) => {
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            await page.goto(address);
            wrong.add(`${address} ${colorScheme}`, await violations(page));
        }
    });
});

test('every page is valid HTML', async () => {
    await each(async (address, page, wrong) => {
        wrong.add(address, await invalid(await (await source(page, address)).text()));
    });
});

test('no page scrolls sideways, on a phone or on a wide screen', async () => {
    await each(async (address, page, wrong) => {
        await page.goto(address);
        for (const width of [360, 1440]) {
            await page.setViewportSize({ width, height: 800 });
            wrong.add(`${address} at ${width}`, await tooWide(page));
        }
    });
});

test('every page is there in Chinese', async () => {
    const page = await context({ locale: 'zh-CN' });
    // The page that a phone opens before anybody has logged in is the API's own.
    for (const address of addresses.filter((address) => address !== '/enroll')) {
        await page.goto(address);
        assert.match(await page.locator('html').getAttribute('lang'), /^zh/, address);
        // What is called after a thing keeps its name; the page around it is Chinese all the same.
        const text = `${await page.title()} ${await page.locator('main').innerText()}`;
        assert.match(text, /\p{Script=Han}/u, `${address} has no Chinese: ${text.slice(0, 200)}`);
        for (const text of await page.locator('nav.side a').allInnerTexts()) {
            const words = text.split(/[\s\d·()]+/).filter((word) => word !== '' && !LATIN.test(word));
            for (const word of words) assert.match(word, /\p{Script=Han}/u, `${address}: the navigation says ${text}`);
        }
    }
    await page.goto('/');
    await page.setViewportSize({ width: 360, height: 800 });
    assert.deepEqual(await tooWide(page), []);
    faultless(page);
    await page.context().close();
});

test('pages say what the browser may do with them', async () => {
    const page = await context();
    for (const address of addresses) {
        const headers = (await source(page, address)).headers();
        const policy = headers['content-security-policy'] ?? '';
        assert.match(policy, /default-src 'none'/, address);
        assert.match(policy, /frame-ancestors 'none'/, address);
        assert.doesNotMatch(policy, /unsafe/, address);
        assert.equal(headers['x-content-type-options'], 'nosniff', address);
        assert.match(headers['cache-control'] ?? '', /no-store|private|no-cache/, address);
    }
    await page.context().close();
});

test('all pages can be read without scripting', async () => {
    const page = await visit(browser, site, { javaScriptEnabled: false });
    await logIn(page);
    for (const address of addresses) {
        await page.goto(address);
        const text = await page.locator('body').innerText();
        assert.ok(await page.locator('h1').count() > 0 && text.length > 100, `${address} is empty without scripting`);
    }
    await page.context().close();
});
