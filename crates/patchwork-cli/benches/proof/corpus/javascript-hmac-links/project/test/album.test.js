'use strict';

const assert = require('node:assert/strict');
const { beforeEach, test } = require('node:test');

const { Album } = require('../src/album.js');
const { Links } = require('../src/links.js');

let album, now;

beforeEach(() => {
  now = 1_700_000_000;
  album = new Album('secret', () => now);
  album.add(7, 'sunset');
  album.add(8, 'beach');
});

test('a link shows its photo for a day', () => {
  const link = album.share(7);
  assert.match(link, /^\/photos\/7\?until=1700086400&sign=[0-9a-f]{64}$/);
  assert.deepEqual(album.get(link), [200, 'sunset']);
  now += 25 * 3600;
  assert.deepEqual(album.get(link), [403, null]);
});

test('a link is good for its photo and time alone', () => {
  const link = album.share(7);
  assert.deepEqual(album.get(link.replace('/7', '/8')), [403, null]);
  assert.deepEqual(album.get(link.replace('until=17', 'until=18')), [403, null]);
  assert.deepEqual(album.get(link.replace(/.$/, (letter) => (letter === '0' ? '1' : '0'))), [403, null]);
});

test('a link made with another key', () => {
  assert.deepEqual(album.get(new Links('other').make('/photos/7', now + 60)), [403, null]);
});

test('photos that are not there', () => {
  assert.throws(() => album.share(9), RangeError);
  assert.deepEqual(album.get(new Links('secret').make('/photos/9', now + 60)), [404, null]);
});
