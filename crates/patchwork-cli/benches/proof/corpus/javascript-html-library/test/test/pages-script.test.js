import assert from 'node:assert/strict';
import test from 'node:test';

import { page } from '../src/pages.js';

const search = (text) => page(new URL(`/search?q=${encodeURIComponent(text)}`, 'http://library.example')).body;

/** The start tags of a page with their attributes, read as a browser does. */
function tags(html) {
  const tag = /<([a-z!][^\s\/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
  return [...html.matchAll(tag)].map(([, name, rest]) => {
    const attributes = {};
    for (const [, key, , double, single, bare] of rest.matchAll(/([^\s=\/]+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)) {
      attributes[key.toLowerCase()] = double ?? single ?? bare ?? '';
    }
    return { name: name.toLowerCase(), attributes };
  });
}

const decode = (text) =>
  text.replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, code) => String.fromCodePoint(parseInt(code, hex ? 16 : 10)))
    .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, '&');

const TEXTS = [
  'emma', "it's", '<script>alert(1)</script>', "'><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`,
  "' onfocus='alert(1)' autofocus='", '" onfocus="alert(1)" autofocus="', "' onfocus=alert(1) autofocus x='",
  "'><svg/onload=alert(1)>", "'><ScRiPt>alert(1)</sCrIpT>", "'><scr<script>ipt>alert(1)</scr</script>ipt>",
  "'/><a href=javascript:alert(1)>x", 'a & b', '&lt;b&gt;', '&#39; onclick=alert(1)', '5 < 6 > 4', `"double" and 'single'`,
];

test('the text of a search is nothing but text', () => {
  const shape = (html) => tags(html).map((tag) => [tag.name, Object.keys(tag.attributes).sort()]);
  const plain = shape(search('nothing like it'));
  for (const text of TEXTS.slice(1)) assert.deepEqual(shape(search(text)), plain, text);
});

test('the field shows what was searched for', () => {
  for (const text of TEXTS) {
    const field = tags(search(text)).find((tag) => tag.name === 'input');
    assert.equal(decode(field.attributes.value), text);
  }
});
