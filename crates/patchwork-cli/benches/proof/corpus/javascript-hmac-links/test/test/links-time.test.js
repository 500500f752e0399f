'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { mock, test } = require('node:test');

const { Links } = require('../src/links.js');

const NOW = 1_700_000_000;

test('signatures are compared in constant time', () => {
  const links = new Links('secret');
  const link = links.make('/photos/7', NOW);
  const right = new URL(link, 'http://x').searchParams.get('sign');
  for (const [given, opens] of [[link, true], [link.slice(0, -1) + 'x', false], [link.replace('sign=', 'sign=x').slice(0, -1), false]]) {
    const compare = mock.method(crypto, 'timingSafeEqual');
    const opened = links.open(given, NOW);
    const arguments_ = compare.mock.calls.map((call) => call.arguments);
    compare.mock.restore();
    assert.equal(opened !== null, opens, given);
    if (opens) {
      assert.equal(arguments_.length, 1);
      for (const side of arguments_[0]) {
        assert.ok(side.length >= 32);
        assert.ok([right, Buffer.from(right, 'hex').toString(), Buffer.from(side).toString()].includes(Buffer.from(side).toString()));
      }
    }
  }
});

test('nothing but the comparison in constant time decides', () => {
  const links = new Links('secret');
  const link = links.make('/photos/7', NOW);
  const compare = mock.method(crypto, 'timingSafeEqual', () => false);
  const opened = links.open(link, NOW);
  compare.mock.restore();
  assert.equal(opened, null);
  const wrong = link.replace(/.$/, (letter) => (letter === '0' ? '1' : '0'));
  const agree = mock.method(crypto, 'timingSafeEqual', () => true);
  const other = links.open(wrong, NOW);
  agree.mock.restore();
  assert.equal(other, '/photos/7');
});

test('strange signatures are wrong ones', () => {
  const links = new Links('secret');
  const right = new URL(links.make('/photos/7', NOW), 'http://x').searchParams.get('sign');
  const signs = ['', '0', right.slice(0, 10), right + '0', 'ä'.repeat(32), 'ä'.repeat(64), 'zz'.repeat(32), right.toUpperCase(),
    right + 'zz', right.slice(0, 62), encodeURIComponent('\0').repeat(32)];
  for (const sign of signs) assert.equal(links.open(`/photos/7?until=${NOW}&sign=${sign}`, NOW), null, sign);
  for (const link of [`/photos/7?until=${NOW}`, '/photos/7', `/photos/7?sign=${right}`]) assert.equal(links.open(link, NOW), null, link);
});

test('links stay', () => {
  const links = new Links('secret');
  assert.equal(links.open(links.make('/photos/7', NOW), NOW), '/photos/7');
  assert.equal(links.open(links.make('/photos/7', NOW - 1), NOW), null);
});
