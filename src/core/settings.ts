// A domain's settings: their values, their defaults, and the rules that tie one to another. No I/O, no clock.

import type { Placement, Scheme } from "./tag.ts";

/** `observe` delivers what `enforce` would turn away, and says so; `off` routes and judges nothing. */
export type Mode = "off" | "observe" | "enforce";

export interface Settings {
  readonly mode: Mode;
  readonly scheme: Scheme;
  readonly placement: Placement;
  /** Days that a tag stays valid, 1 to 90. */
  readonly lifetimeDays: number;
  /** Days that a Message-ID stays valid, 1 to 90. */
  readonly messageIdLifetimeDays: number;
  /** Days between rotations; 0 is never. */
  readonly rotateDays: number;
  /** Local-parts, or addresses of the domain, that take bounces without evidence. Lower case. */
  readonly exempt: readonly string[];
  /** Whose mail is a bounce: the null sender's only, or a mailer-daemon's delivery-status report too. */
  readonly bounceSenders: "null-only" | "mailer-daemon";
  /** What an auto-reply needs: evidence like any bounce, or only to look like one. */
  readonly autoReplies: "evidence" | "accept";
  readonly maxBouncesPerRef: number | null;
  readonly dkimSelectors: readonly string[];
}

/** The longest lifetime of a tag or Message-ID. */
export const LIFETIME_DAYS_AT_MOST = 90;

export const DEFAULTS: Settings = {
  mode: "observe",
  scheme: "prvs",
  placement: "prefix",
  lifetimeDays: 7,
  messageIdLifetimeDays: 30,
  rotateDays: 30,
  exempt: [],
  bounceSenders: "null-only",
  autoReplies: "evidence",
  maxBouncesPerRef: null,
  dkimSelectors: [],
};

/** A value that can't be used, by the name of its field. */
export interface Fault {
  readonly field: string;
  readonly detail: string;
}

/** Ten slots, less one: of the others each waits to sign, signs, or still validates. */
const SLOTS_FOR_ALL_BUT_NEXT = 9;
/** Days beyond its lifetime that a key's number stays held: the rest of its last day, and what a late location signs. */
const HELD_LONGER_DAYS = 1.05;

/** The rules that no single field can be held to. Empty where the settings can be used. */
export function checkSettings(settings: Settings): readonly Fault[] {
  const longest = Math.max(settings.lifetimeDays, settings.messageIdLifetimeDays);
  const least = Math.floor((longest + HELD_LONGER_DAYS) / SLOTS_FOR_ALL_BUT_NEXT) + 1;
  if (settings.rotateDays === 0 || settings.rotateDays >= least) return [];
  const detail = `With lifetimes of up to ${longest} days, ten key slots allow a rotation every ${least} days at the most, or 0 for never.`;
  return [{ field: "rotateDays", detail }];
}
