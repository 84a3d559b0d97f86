// How often a caller may call: Workers' own rate limiting, which counts by location and about.

export interface RateBindings {
  /** Absent where a deployment leaves it out of wrangler.toml. */
  readonly CALLS?: RateLimit;
}

/** The key of the operator, which is no token's id. */
const OPERATOR = "admin";

/** Whether one more call is within the rate. A limiter that fails lets it through: mail must go out. */
export async function isWithinRate({ CALLS }: RateBindings, tokenId: string | null): Promise<boolean> {
  if (CALLS === undefined) return true;
  try {
    return (await CALLS.limit({ key: tokenId ?? OPERATOR })).success;
  } catch (error) {
    console.error(JSON.stringify({ event: "rate-unknown", error: String(error) }));
    return true;
  }
}
