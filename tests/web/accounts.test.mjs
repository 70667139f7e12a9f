// From an empty board to a site with an administrator, and how people get in.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { faultless, launch, logIn, provoke, visit } from './browser.mjs';
import { PASSWORD, Site } from './site.mjs';
import { code, nextCode } from './totp.mjs';

let site, browser;

before(async () => {
    site = await Site.start({ admin: false });
    browser = await launch();
});

after(async () => {
    await browser?.close();
    await site?.end();
});

const path = (page, wanted) => page.waitForURL((url) => url.pathname === wanted);

async function end(page) {
    faultless(page);
    await page.context().close();
}

test('the first run leads from the setup code to a site with a name', async () => {
    const page = await visit(browser, site);
    provoke(page);
    const setupCode = await site.setupCode();
    assert.ok(site.log().includes(setupCode), 'the log does not tell the setup code');
    await page.goto('/');
    await path(page, '/setup');
    const fill = async (code, again) => {
        await page.getByLabel('Setup code').fill(code);
        await page.getByLabel('User name').fill('admin');
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await page.getByLabel('Password again').fill(again);
        await page.getByRole('button', { name: 'Create the administrator' }).click();
    };
    await fill('2222-2222-2222', PASSWORD);
    await page.getByText('The setup code is wrong').waitFor();
    await fill(setupCode, `${PASSWORD}!`);
    await page.getByText('the two passwords differ').waitFor();
    await fill(setupCode, PASSWORD);
    await path(page, '/setup/site');
    await page.getByLabel('Name of the site').fill('Harbour <b>office</b>');
    await page.getByRole('button', { name: 'Finish' }).click();
    await path(page, '/');
    assert.match(await page.title(), /Harbour <b>office<\/b>/);
    await page.getByRole('status').filter({ hasText: 'enroll your first device' }).waitFor();
    // The code works once.
    await page.goto('/setup');
    assert.notEqual(new URL(page.url()).pathname, '/setup');
    await end(page);
});

test('a wrong password is refused, and what was typed as the name stays', async () => {
    const page = await visit(browser, site);
    provoke(page);
    await page.goto('/devices');
    await path(page, '/login');
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('wrong horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The name or the password is wrong').waitFor();
    assert.equal(await page.getByLabel('User name').inputValue(), 'admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    // Where the person wanted to go.
    await path(page, '/devices');
    await end(page);
});

test('the cookie of a session is for this host, over TLS, and out of reach of scripts', async () => {
    const page = await visit(browser, site);
    await logIn(page);
    const cookie = (await page.context().cookies()).find(({ name }) => name === '__Host-pym_session');
    assert.ok(cookie, 'there is no session');
    assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.path], [true, true, 'Strict', '/']);
    assert.ok(!(await page.evaluate(() => document.cookie)).includes('session'));
    await end(page);
});

test('logging out ends the session, not only the cookie', async () => {
    const page = await visit(browser, site);
    await logIn(page);
    const { cookies } = await page.context().storageState();
    await page.locator('header summary').last().click();
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await path(page, '/login');
    await page.context().addCookies(cookies);
    await page.goto('/devices');
    await path(page, '/login');
    await end(page);
});

test('logging out everywhere ends the sessions of other browsers', async () => {
    const [here, there] = [await visit(browser, site), await visit(browser, site)];
    await logIn(here);
    await logIn(there);
    await here.goto('/account');
    await here.getByRole('button', { name: 'Log out everywhere' }).click();
    await here.getByRole('dialog').getByRole('button').last().click();
    await path(here, '/login');
    await there.goto('/devices');
    await path(there, '/login');
    await end(here);
    await end(there);
});

test('a second factor is set up, asked for, and replaced by a recovery code', async () => {
    const page = await visit(browser, site);
    provoke(page);
    await logIn(page);
    await page.goto('/account');
    const section = page.locator('#second-factor');
    await section.getByLabel('Your password').fill(PASSWORD);
    await section.getByRole('button', { name: 'Set up' }).click();
    await page.locator('.qr svg').waitFor();
    const uri = await page.locator('input[name=uri]').inputValue();
    const secret = new URL(uri).searchParams.get('secret');
    assert.ok((await page.locator('main').innerText()).replace(/\s/g, '').includes(secret), 'the key cannot be typed');
    const confirm = async (text) => {
        await page.getByLabel('Code', { exact: true }).fill(text);
        await page.getByRole('button', { name: 'Turn on' }).click();
    };
    const wrong = (Number(code(secret)) + 1) % 1_000_000;
    await confirm(String(wrong).padStart(6, '0'));
    await page.getByText('The code is wrong').waitFor();
    await confirm(code(secret));
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
    const recovery = (await page.locator('main').innerText()).match(/\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b/g);
    assert.ok(recovery?.length >= 8, 'there are no recovery codes');
    await end(page);

    const next = await visit(browser, site);
    provoke(next);
    const password = async () => {
        await next.goto('/login');
        await next.getByLabel('User name').fill('admin');
        await next.getByLabel('Password').fill(PASSWORD);
        await next.getByRole('button', { name: 'Log in' }).click();
        await path(next, '/login/code');
    };
    const prove = async (text) => {
        await next.getByLabel('Code', { exact: true }).fill(text);
        await next.getByRole('button', { name: 'Continue' }).click();
    };
    await password();
    await prove('000000' === code(secret) ? '111111' : '000000');
    await next.getByText('The code is wrong').waitFor();
    // The password alone opens nothing.
    await next.goto('/devices');
    await path(next, '/login');
    await password();
    await prove(nextCode(secret));
    await path(next, '/');
    await next.context().clearCookies();
    await password();
    await prove(recovery[0]);
    await path(next, '/');
    await next.context().clearCookies();
    await password();
    await prove(recovery[0]);
    await next.getByText('The code is wrong').waitFor();
    await prove(recovery[1]);
    await path(next, '/');

    await next.goto('/account');
    await next.getByLabel(/password or a code/i).fill(PASSWORD);
    await next.getByRole('button', { name: 'Turn off' }).click();
    await next.getByRole('dialog').getByRole('button').last().click();
    await next.getByText('The second factor is off').waitFor();
    await end(next);
});

test('one logs in and reads without scripting', async () => {
    const page = await visit(browser, site, { javaScriptEnabled: false });
    await logIn(page);
    await page.getByRole('link', { name: 'Devices' }).first().click();
    await path(page, '/devices');
    assert.notEqual((await page.locator('h1').innerText()).trim(), '');
    await page.locator('header summary').last().click();
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await path(page, '/login');
    await page.context().close();
});

test('language and colours are chosen, and kept', async () => {
    const page = await visit(browser, site, { colorScheme: 'light' });
    await logIn(page);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    assert.notEqual(light, dark, 'the colours do not follow the system');
    const choose = async (name) => {
        await page.locator('header summary').last().click();
        await page.getByRole('button', { name, exact: true }).click();
        await page.waitForLoadState();
    };
    await choose('Light');
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
    assert.equal(await background(), light);
    await choose('简体中文');
    await page.waitForFunction(() => document.documentElement.lang.startsWith('zh'));
    await page.goto('/devices');
    assert.match(await page.title(), /设备/);
    assert.equal(await background(), light);
    await choose('English');
    await page.waitForFunction(() => document.documentElement.lang.startsWith('en'));
    await end(page);
});

test('who only guesses is made to wait', async () => {
    const page = await visit(browser, site);
    provoke(page);
    await page.goto('/login');
    for (let attempt = 0; ; attempt += 1) {
        assert.ok(attempt < 50, 'nobody is made to wait');
        await page.getByLabel('User name').fill('guest');
        await page.getByLabel('Password').fill(`guess ${attempt}`);
        const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
        await page.getByRole('button', { name: 'Log in' }).click();
        if ((await answered).status() === 429) break;
    }
    await page.getByText('Too many attempts').waitFor();
    await end(page);
});
