'use strict';

const crypto = require('node:crypto');

/** Links that are good until a time: `/photos/7?until=1700000000&sign=<hex>`. */
class Links {
  constructor(key) {
    this.key = key;
  }

  make(path, until) {
    return `${path}?until=${until}&sign=${this.sign(path, until)}`;
  }

  /** The path of a link, or `null` when it was not made here or is over. */
  open(link, now) {
    const url = new URL(link, 'http://photos.example');
    const until = url.searchParams.get('until');
    const sign = url.searchParams.get('sign');
    const message = `${url.pathname}\n${until}`;
    const expected = Buffer.from(crypto.createHmac('sha256', this.key).update(message).digest('hex'));
    const given = Buffer.from(sign ?? '');
    if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) return null;
    return Number(until) >= now ? url.pathname : null;
  }

  sign(path, until) {
    return crypto.createHmac('sha256', this.key).update(`${path}\n${until}`).digest('hex');
  }
}

module.exports = { Links };
