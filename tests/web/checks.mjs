// What every page is held against: axe-core, html-validate, and the width of a phone.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';

import { HtmlValidate, StaticConfigLoader } from 'html-validate';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const validator = new HtmlValidate(new StaticConfigLoader({
    extends: ['html-validate:recommended'],
    rules: {
        // Boxes of one name are how a form sends several values.
        'form-dup-name': ['error', { shared: ['radio', 'checkbox', 'button', 'reset', 'submit'] }],
        // HTML allows everything but blanks; some fields are called after a setting, with a dot.
        'valid-id': ['error', { relaxed: true }],
    },
}));

/** The serious and critical violations that axe-core finds, one a line. */
export async function violations(page) {
    // In a world of its own: the page's CSP forbids scripts that are not the site's.
    const session = await page.context().newCDPSession(page);
    try {
        const { frameTree } = await session.send('Page.getFrameTree');
        const { executionContextId } = await session.send('Page.createIsolatedWorld',
            { frameId: frameTree.frame.id, worldName: 'axe' });
        await session.send('Runtime.evaluate', { contextId: executionContextId, expression: `${AXE};0` });
        const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
            contextId: executionContextId,
            awaitPromise: true,
            returnByValue: true,
            expression: `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
                .filter(({ impact }) => impact === 'serious' || impact === 'critical')
                .flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.html.slice(0, 200) + ' '
                    + (node.any[0]?.message ?? node.all[0]?.message ?? node.none[0]?.message ?? ''))))`,
        });
        if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
        return result.value;
    } finally {
        await session.detach();
    }
}

/** Gathers findings, each with the first page it was found on. */
export class Findings {
    #found = new Map();

    add(where, findings) {
        for (const finding of findings) {
            if (!this.#found.has(finding)) this.#found.set(finding, where);
        }
    }

    /** Fails with all of them. */
    none() {
        const all = [...this.#found].map(([finding, where]) => `${where}: ${finding}`);
        assert.ok(all.length === 0, `\n${all.join('\n')}`);
    }
}

/** Where the HTML is not valid, one a line. */
export async function invalid(sent) {
    // A button without a type submits its form (HTML, 4.10.6): the rules want that said.
    const html = sent.replace(/<button(?![^>]* type=)/g, '<button type="submit"');
    const report = await validator.validateString(html);
    const lines = html.split('\n');
    return report.results.flatMap(({ messages }) => messages.map(({ ruleId, message, line, column }) =>
        `${ruleId}: ${message} near ${JSON.stringify(lines[line - 1]?.slice(Math.max(0, column - 40), column + 80))}`));
}

/** What makes the page scroll sideways; nothing when it does not. */
export function tooWide(page) {
    return page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        const out = [...document.body.querySelectorAll('*')].filter((element) =>
            element.getBoundingClientRect().right > width + 1 && !element.closest('.scroll'));
        return [`${document.documentElement.scrollWidth} pixels`, ...out.slice(0, 5).map((element) => element.outerHTML.slice(0, 120))];
    });
}
