// Alerts fire once when their condition begins to hold, and again after it ended.

import { compile, measures } from './condition.js';

export class Alerts {
  #alerts = new Map();

  add(name, condition) {
    this.#alerts.set(name, { test: compile(condition), measures: measures(condition), active: false });
  }

  remove(name) {
    return this.#alerts.delete(name);
  }

  /** The names of the alerts that begin with these values. */
  update(values) {
    const begun = [];
    for (const [name, alert] of this.#alerts) {
      const active = alert.test(values);
      if (active && !alert.active) begun.push(name);
      alert.active = active;
    }
    return begun;
  }

  /** The measures that must be collected. */
  wanted() {
    return [...new Set([...this.#alerts.values()].flatMap((alert) => alert.measures))].sort();
  }
}
