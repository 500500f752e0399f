import { makeToken, tidyToken } from './token.js';

const DAY = 24 * 60 * 60 * 1000;

/** Groups, who is in them, and the open invitations. */
export class Groups {
  #members = new Map();
  #invitations = new Map();
  #now;

  constructor(now = Date.now) {
    this.#now = now;
  }

  create(group, owner) {
    this.#members.set(group, new Set([owner]));
  }

  /** The token of an invitation, good for a week and once. */
  invite(group, by) {
    if (!this.#members.get(group)?.has(by)) throw new Error(`${by} is not in ${group}`);
    const token = makeToken();
    this.#invitations.set(token, { group, until: this.#now() + 7 * DAY });
    return token;
  }

  /** The group that was joined, or `null`. */
  join(typed, name) {
    const token = tidyToken(typed);
    const invitation = this.#invitations.get(token);
    if (!invitation || invitation.until < this.#now()) return null;
    this.#invitations.delete(token);
    this.#members.get(invitation.group).add(name);
    return invitation.group;
  }

  members(group) {
    return [...this.#members.get(group)].sort();
  }
}
