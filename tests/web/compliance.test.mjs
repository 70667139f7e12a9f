// A policy made in the browser, applied, broken by a phone, and seen to be broken, while the page is open.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Phone } from './agents.mjs';
import { close, launch, session, visit } from './browser.mjs';
import { Site } from './site.mjs';

let site, browser, state, phone;

before(async () => {
    site = await Site.start({ environment: { PYM_POLICY_MONITOR_INTERVAL: '1' } });
    phone = new Phone(site, '9011c1e500000007', { name: 'Lobby phone' });
    await phone.join();
    browser = await launch();
    state = await session(browser, site);
});

after(async () => {
    await browser?.close();
    phone?.end();
    await site?.end();
});

test('a policy is created, applied, violated, and seen to be violated', async () => {
    const page = await visit(browser, site, { storageState: state });
    await page.goto('/policies/new?type=android');
    await page.locator('#name').fill('No camera');
    await page.locator('[name="set:CAMERA"]').evaluate((box) => { box.closest('details').open = true; });
    await page.locator('[name="set:CAMERA"]').check();
    await page.locator('[name="f.CAMERA.enabled"]').setChecked(false);
    await page.locator('input[name=active]').setChecked(true);
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.waitForURL(/\/policies\/[0-9a-f-]{36}$/);
    await page.goto('/policies/apply');
    await page.getByRole('button', { name: 'Apply to devices' }).click();
    await page.waitForURL('/policies');

    await phone.workUntil(() => phone.policy.length === 1);
    assert.deepEqual(phone.policy, [['CAMERA', { enabled: false }]], 'the phone has what was chosen in the form');
    // The page stays open while the phone answers.
    await page.goto('/compliance?state=violating');
    phone.obedient = false;
    const violating = page.locator('#report tr', { hasText: 'Lobby phone' }).filter({ hasText: 'the camera is in use' });
    await phone.workUntil(() => violating.isVisible());
    await violating.getByRole('link', { name: 'Lobby phone' }).click();
    await page.waitForURL(/\/devices\/[0-9a-f-]{36}/);
    await page.goto(`${new URL(page.url()).pathname.split('/').slice(0, 3).join('/')}/policy`);
    await page.getByText('the camera is in use').first().waitFor();
    await page.goto('/compliance?state=compliant');
    phone.obedient = true;
    await phone.workUntil(() => page.locator('#report').getByText('Lobby phone').isVisible());
    await close(page);
});
