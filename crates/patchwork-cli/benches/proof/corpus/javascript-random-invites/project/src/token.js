const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const LENGTH = 20;

/** A token that is easy to type: 20 letters in groups of five, as in `k7qmz-2xwpd-9thrb-4nefg`. */
export function makeToken() {
  const letters = Array.from({ length: LENGTH }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]);
  return letters.join('').match(/.{5}/g).join('-');
}

/** A token as typed, brought into shape; `null` when it can't be one. */
export function tidyToken(text) {
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (letters.length !== LENGTH || [...letters].some((letter) => !LETTERS.includes(letter))) return null;
  return letters.match(/.{5}/g).join('-');
}
