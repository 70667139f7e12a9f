// Debian's Chromium, and pages that remember everything that went wrong on them.

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { PASSWORD, PATIENCE } from './site.mjs';

const ARGUMENTS = [
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
];

export function launch() {
    return chromium.launch({
        executablePath: process.env.PYM_TEST_CHROMIUM ?? '/usr/bin/chromium',
        chromiumSandbox: false,
        args: ARGUMENTS,
    });
}

/** A fresh profile at the site: a tab of it, watched. */
export async function visit(browser, site, options = {}) {
    const context = await browser.newContext({
        baseURL: site.url,
        ignoreHTTPSErrors: true,
        locale: 'en-GB',
        timezoneId: 'Asia/Colombo',
        viewport: { width: 1440, height: 900 },
        // What fades would be measured half faded.
        reducedMotion: 'reduce',
        ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(() => {
        // Read by `faults` below; set by what hostile text would run.
        addEventListener('securitypolicyviolation', (event) => {
            console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
        });
    });
    return watched(await context.newPage(), site);
}

/** Notes on `page.faults` what must not happen: errors in the console, dialogs, requests that leave the site. */
export function watched(page, site) {
    page.faults = [];
    page.forgiven = [];
    page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') {
            page.faults.push(`console: ${message.text()} at ${message.location().url} on ${page.url()}`);
        }
    });
    page.on('pageerror', (error) => page.faults.push(`script: ${error.message} ${error.stack} on ${page.url()}`));
    page.on('dialog', (dialog) => {
        page.faults.push(`dialog: ${dialog.message()} on ${page.url()}`);
        void dialog.dismiss();
    });
    page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(site.url) && !url.startsWith('data:')) page.faults.push(`request: ${url}`);
    });
    return page;
}

/** Nothing went wrong on the page, but for what a test has provoked on purpose. */
export function faultless(page) {
    const left = page.faults.filter((fault) => !page.forgiven.some((pattern) => pattern.test(fault)));
    assert.deepEqual(left, []);
    page.faults.length = 0;
}

/** Chromium notes every answer of 400 and more to a script in the console; here one is wanted. */
export function provoke(page, pattern = /status of 4\d\d/) {
    page.forgiven.push(pattern);
}

/** Opens a session without the form. */
export async function enter(page, name = 'admin', password = PASSWORD) {
    const answer = await page.request.post('/api/v1/login', { data: { name, password } });
    if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`);
}

/** What a context needs to be the administrator: the `storageState` of one that has logged in. */
export async function session(browser, site) {
    const page = await visit(browser, site);
    await enter(page);
    const state = await page.context().storageState();
    await page.context().close();
    return state;
}

/** Says yes to the question that is asked. */
export const agree = (page) => page.locator('dialog[open] button').last().click();

/** Closes a page on which nothing went wrong. */
export async function close(page) {
    faultless(page);
    await page.context().close();
}

/** Logs in by the form. */
export async function logIn(page, name = 'admin', password = PASSWORD) {
    await page.goto('/login');
    await page.locator('input[autocomplete~=username]').fill(name);
    await page.locator('input[autocomplete~=current-password]').fill(password);
    await page.locator('input[autocomplete~=current-password]').press('Enter');
    await page.waitForURL((url) => url.pathname !== '/login');
}
