// One-time codes (RFC 6238) as an authenticator application computes them: SHA-1, 30 seconds, six digits.

import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function decode(secret) {
    let bits = '';
    for (const letter of secret.toUpperCase().replace(/[^A-Z2-7]/g, '')) {
        bits += ALPHABET.indexOf(letter).toString(2).padStart(5, '0');
    }
    return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** The code at a time, in milliseconds. */
export function code(secret, at = Date.now()) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
    const digest = createHmac('sha1', decode(secret)).update(counter).digest();
    const offset = digest[19] & 15;
    return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** The code of the next 30 seconds, which a server that allows for clocks takes too: a used one is not taken twice. */
export const nextCode = (secret) => code(secret, Date.now() + 30_000);
