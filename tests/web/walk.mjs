// What can be reached from the first page by links.

/** Two addresses of one kind differ in what stands for a thing. */
function kind(path) {
    return path
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '{id}')
        .replace(/\b[0-9A-Fa-f]{20,}\b/g, '{serial}')
        .replace(/\/\d+(?=\/|$)/g, '/{number}')
        .replace(/^\/(users|roles|device-types)\/(?!new\b)[^/]+/, '/$1/{name}');
}

/** Where the links of the page lead that are pages. */
async function links(page, site) {
    const all = await page.locator('a[href]:not([download])').evaluateAll((all) => all.map((each) => each.href));
    return all.map((address) => new URL(address)).filter((address) => address.origin === site.url
        && !/^\/(api\/v1|assets|ca\.pem|crl|metrics|livez|readyz)\b/.test(address.pathname)
        && !/\.(csv|json|zip|svg|db)$/.test(address.pathname)).map((address) => address.pathname);
}

/**
 * Follows the links of an administrator: one address of each kind of page, in the order they were found, and the links
 * that lead nowhere.
 */
export async function walk(page, site) {
    const found = new Map([['/', '/']]);
    const addresses = [];
    const broken = [];
    for (const path of found.values()) {
        const answer = await page.goto(path);
        if (answer.status() !== 200) broken.push(`${path}: ${answer.status()}`);
        if (answer.status() !== 200 || !answer.headers()['content-type']?.startsWith('text/html')) continue;
        addresses.push(path);
        for (const next of await links(page, site)) {
            if (!found.has(kind(next))) found.set(kind(next), next);
        }
    }
    return { addresses, broken };
}
