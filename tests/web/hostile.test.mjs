// What comes from devices and people is text on every page, and no other site can make a browser act here.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { Phone } from './agents.mjs';
import { enter, faultless, launch, visit } from './browser.mjs';
import { Site, until } from './site.mjs';
import { walk } from './walk.mjs';

const MARKUP = `<img src=x onerror=alert(1)>"'><script>alert(2)</script>`;
const SHORT = '<svg onload=alert(3)>';
/** Turns what follows round, as in "photo_gpj.exe". */
const TURNED = 'photo\u202Egpj.exe';
const CONTROL = 'a\u0007b\u001b[31mc';

let site, browser, session, phone, addresses;

/** Puts a thing on record if the site takes it: refusing it is as good. */
async function attempt(method, target, body) {
    const answer = await site.ask(method, target, body);
    assert.ok(answer.status < 500, `${method} ${target}: ${answer.status} ${answer.text}`);
    return answer.status < 300;
}

before(async () => {
    site = await Site.start();
    phone = new Phone(site, '9011c1e5000000ff', {
        name: MARKUP, model: SHORT, vendor: TURNED, version: '8"><u>',
        properties: [{ name: SHORT, value: MARKUP }, { name: 'NOTE', value: CONTROL }],
    });
    await phone.join();
    const devices = [];
    for (const [index, name] of [MARKUP, TURNED, CONTROL, '</title><script>alert(4)</script>', '{{7*7}}${7*7}'].entries()) {
        const device = { type: 'raspberrypi', identifier: `hostile-${index}`, name, description: MARKUP };
        if (await attempt('POST', '/devices', device)) devices.push(`raspberrypi:hostile-${index}`);
    }
    assert.ok(devices.length >= 3, `the site took only ${devices}`);
    for (const device of devices) {
        await attempt('PATCH', `/devices/${device}`, { tags: [SHORT, '"><u>'] });
        await attempt('POST', `/devices/${device}/telemetry`, { values: { bulb: MARKUP, '<u>': 1, temperature: 21 } });
    }
    await attempt('POST', '/groups', { name: MARKUP.slice(0, 60), description: MARKUP });
    await attempt('POST', '/groups', { name: SHORT, description: TURNED, query: 'name:"<img"' });
    await attempt('POST', '/users', { name: SHORT, password: 'a long enough one', roles: ['viewer'] });
    await attempt('POST', '/users', { name: 'eve', password: 'a long enough one', roles: ['viewer'],
        first_name: MARKUP, last_name: TURNED, email: '"><script>alert(5)</script>@example.org' });
    await attempt('POST', '/tokens', { name: SHORT, scopes: ['read'] });
    await attempt('POST', '/roles', { name: SHORT, scopes: ['read'] });
    await attempt('POST', '/policies', { name: SHORT, device_type: 'android', mode: 'enforce', active: true, description: MARKUP,
        features: [{ code: 'CAMERA', content: { enabled: false } }] });
    await attempt('POST', '/geofences', { name: SHORT, description: MARKUP,
        shape: { kind: 'circle', centre: { latitude: 6.9, longitude: 79.8 }, radius: 500 } });
    const { id } = await site.api('GET', `/devices/${phone.id}`);
    await site.api('POST', '/activities', { code: 'NOTIFICATION', payload: { messageTitle: MARKUP, messageText: SHORT }, devices: [id] })
        .catch(() => site.api('POST', '/activities', { code: 'DEVICE_INFO', devices: [id] }));
    await phone.work();
    browser = await launch();
    const page = await visit(browser, site);
    await enter(page);
    session = await page.context().storageState();
    ({ addresses } = await walk(page, site));
    page.forgiven.push(/status of 404/);
    faultless(page);
    await page.context().close();
});

after(async () => {
    await browser?.close();
    phone?.end();
    await site?.end();
});

const context = (options) => visit(browser, site, { storageState: session, ...options });

/** What of hostile text has become more than text, in the document as it is now. */
function leaks(page) {
    return page.evaluate(() => [...document.querySelectorAll('*')]
        .filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on') || name === 'style')
            || (element.matches('script') && !element.src) || element.matches('img[src="x"], main u'))
        .map((element) => element.outerHTML.slice(0, 200)));
}

test('markup in names, properties, tags and telemetry is text on every page', async () => {
    const page = await context();
    const { id } = await site.api('GET', `/devices/${phone.id}`);
    for (const address of [...addresses, `/devices/${id}`, `/devices?q=${encodeURIComponent(MARKUP)}`,
        `/devices?q=${encodeURIComponent('"><script>alert(6)</script>')}`, '/%3Cscript%3Ealert(7)%3C/script%3E']) {
        page.forgiven = [/status of 4/];
        await page.goto(address);
        assert.deepEqual(await leaks(page), [], address);
        const text = await page.content();
        assert.ok(!/\u001b|\u0007/.test(text), `${address} has control characters in it`);
    }
    await page.goto(`/devices/${id}`);
    assert.ok((await page.locator('main').innerText()).includes('<img src=x onerror=alert(1)>'), 'the name is not shown as it is');
    faultless(page);
    await page.context().close();
});

test('text that runs from right to left turns nothing round beside itself', async () => {
    const page = await context();
    for (const address of addresses) {
        await page.goto(address);
        const open = await page.evaluate(() => {
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const found = [];
            while (walker.nextNode()) {
                if (!/[\u202a-\u202e\u2066-\u2069]/.test(walker.currentNode.data)) continue;
                let element = walker.currentNode.parentElement;
                // What stands alone in its surroundings turns nothing else round.
                while (element.parentElement.childNodes.length === 1) element = element.parentElement;
                const alone = ['isolate', 'isolate-override', 'plaintext'].includes(getComputedStyle(element).unicodeBidi)
                    || !['inline', 'contents'].includes(getComputedStyle(element).display)
                    || ['OPTION', 'TEXTAREA', 'TITLE'].includes(element.tagName);
                if (!alone) found.push(element.outerHTML.slice(0, 200));
            }
            return found;
        });
        assert.deepEqual(open, [], address);
    }
    await page.context().close();
});

/** A form of a page, as a script would send it. */
async function form(page, address, pick) {
    await page.goto(address);
    return page.locator('form[method=post i]').filter(pick).first().evaluate((element) => ({
        action: element.action,
        fields: Object.fromEntries([...new FormData(element)].filter(([, value]) => typeof value === 'string')),
    }));
}

test('a form without the token of its session, or from elsewhere, changes nothing', async () => {
    const page = await context();
    const made = await form(page, '/groups/new', { has: page.locator('[name=name]') });
    const token = Object.entries(made.fields).find(([name]) => /csrf|token/.test(name));
    assert.ok(token, `no token among ${Object.keys(made.fields)}`);
    const send = (fields, headers) => page.request.post(made.action, { form: fields, headers, maxRedirects: 0 });
    const own = { 'Origin': site.url, 'Sec-Fetch-Site': 'same-origin' };
    const { [token[0]]: _, ...without } = { ...made.fields, name: 'made by another site' };
    const other = await visit(browser, site);
    await enter(other);
    const foreign = await form(other, '/groups/new', { has: other.locator('[name=name]') });
    await other.context().close();
    for (const [fields, headers] of [
        [without, own],
        [{ ...without, [token[0]]: '' }, own],
        [{ ...without, [token[0]]: token[1].replace(/^./, (first) => (first === 'a' ? 'b' : 'a')) }, own],
        [{ ...without, [token[0]]: foreign.fields[token[0]] }, own],
        [{ ...without, [token[0]]: token[1] }, { 'Origin': 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ]) {
        const answer = await send(fields, headers);
        assert.equal(answer.status(), 403, `${JSON.stringify(fields)} from ${headers.Origin}`);
    }
    const groups = async () => (await site.api('GET', '/groups')).items.map(({ name }) => name);
    assert.ok(!(await groups()).includes('made by another site'));
    assert.ok((await send({ ...without, [token[0]]: token[1] }, own)).status() < 400, 'the form itself is no good');
    assert.ok((await groups()).includes('made by another site'));
    await page.context().close();
});

test('a page of another site cannot act, not even by sending a form', async () => {
    const page = await context();
    const made = await form(page, '/groups/new', { has: page.locator('[name=name]') });
    const fields = Object.entries({ ...made.fields, name: 'made by a foreign form' })
        .map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
    let asked = false;
    const evil = http.createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end(`<form method="post" action="${made.action}">${fields}<button>Win a prize</button></form>`);
    });
    await new Promise((resolve) => evil.listen(0, '127.0.0.1', resolve));
    page.on('request', (request) => { asked ||= request.method() === 'POST'; });
    await page.goto(`http://localhost:${evil.address().port}/`);
    await page.getByRole('button').click();
    await until('the form to be sent', () => asked);
    await page.waitForURL((url) => url.origin === site.url);
    const groups = (await site.api('GET', '/groups')).items.map(({ name }) => name);
    assert.ok(!groups.includes('made by a foreign form'), groups.join(', '));
    evil.close();
    await page.context().close();
});

test('no page can be put into a frame', async () => {
    const page = await context();
    const evil = http.createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end(`<iframe src="${site.url}/"></iframe>`);
    });
    await new Promise((resolve) => evil.listen(0, '127.0.0.1', resolve));
    await page.goto(`http://localhost:${evil.address().port}/`);
    await until('the refusal', () => page.faults.some((fault) => /frame/i.test(fault)) || false);
    const inside = await page.frames()[1]?.locator('main').count().catch(() => 0);
    assert.equal(inside ?? 0, 0);
    evil.close();
    await page.context().close();
});
