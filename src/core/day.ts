// Instants in milliseconds since 1970, days since 1970, UTC, and the three-digit residue by which a prvs tag names its
// expiry day. The clock is an argument everywhere.

export const DAY_MS = 86_400_000;

/** Expiry days in a tag are three digits, so they repeat every 1000 days (draft-levine-smtp-batv-01). */
const RESIDUES = 1000;

/** The first of some instants, of which any may be never; null where all are. */
export function earliest(instants: readonly (number | null)[]): number | null {
  return instants.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}

/** The day, as days since 1970 UTC, that an instant in milliseconds since 1970 falls on. */
export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

/** The first instant of a day, in milliseconds since 1970. */
export function startOfDay(day: number): number {
  return day * DAY_MS;
}

/** The day's last three digits, as a tag spells them. */
export function residueOf(day: number): string {
  return String(modulo(day, RESIDUES)).padStart(3, "0");
}

/**
 * Days from today until the next day with this residue: 0 to 999. The draft asks for unsigned subtraction mod
 * 1000; a comparison of the residues themselves revives a dead tag for about half of every cycle.
 */
export function daysUntil(residue: string, today: number): number {
  return modulo(Number(residue) - today, RESIDUES);
}

/** Days since the last day before today with this residue: 1 to 1000. */
export function daysSince(residue: string, today: number): number {
  return RESIDUES - daysUntil(residue, today);
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
