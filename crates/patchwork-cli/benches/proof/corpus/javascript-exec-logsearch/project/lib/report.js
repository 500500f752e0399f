'use strict';

const path = require('node:path');
const { search } = require('./search.js');

/** What a search found, as text. */
function report(files, word) {
  const parts = [];
  for (const file of files) {
    const lines = search(file, word);
    if (lines.length === 0) continue;
    const width = String(lines[0].number).length;
    parts.push(`${path.basename(file)} (${lines.length})`);
    for (const { number, text } of lines) parts.push(`  ${String(number).padStart(width)} ${text}`);
  }
  return parts.length ? parts.join('\n') : 'nothing found';
}

module.exports = { report };
