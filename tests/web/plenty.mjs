// A site with something of everything, so that no page is empty.

import { Board, Phone } from './agents.mjs';
import { until } from './site.mjs';

export const CAMERA = {
    name: 'No camera',
    device_type: 'android',
    mode: 'enforce',
    active: true,
    features: [{ code: 'CAMERA', content: { enabled: false } }],
};

/** Fills a site: a phone that breaks its policy, a board that is connected, and one of each thing that has a page. */
export async function fill(site) {
    const phone = new Phone(site, '9011c1e500000001', { name: 'Lobby phone' });
    await phone.join();
    const board = await Board.enroll(site, 'raspberrypi', 'cellar', { name: 'Cellar', ownership: 'COPE' });
    board.connect();
    for (const temperature of [20.5, 21, 22.5]) await board.measure({ temperature, load: 0.25 });
    await site.api('POST', '/groups', { name: 'Lobby', description: 'Beside the door', query: 'type:android' });
    await site.api('POST', '/groups', { name: 'Boards' });
    const shape = { kind: 'circle', centre: { latitude: 6.9271, longitude: 79.8612 }, radius: 500 };
    await site.api('POST', '/geofences', { name: 'Site', shape });
    await site.api('POST', '/policies', CAMERA);
    await site.api('POST', '/policies/apply');
    phone.obedient = false;
    await phone.workUntil(async () => (await site.api('GET', `/devices/${phone.id}/compliance`)).compliant === false);
    await site.api('POST', '/activities', { code: 'bulb', payload: 'ON', devices: [board.id] });
    await until('the bulb', () => board.done.length > 0);
    await site.api('POST', '/users', { name: 'ada', password: 'a long enough one', roles: ['viewer'] });
    await site.api('POST', '/roles', { name: 'night-shift', scopes: ['read'] });
    await site.api('POST', '/tokens', { name: 'backup', scopes: ['read'] });
    await site.api('POST', '/tags', { devices: [board.id], add: ['basement'] });
    return { phone, board };
}
