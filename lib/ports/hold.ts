/** That a message waits by policy, and what becomes of it. */
export interface Hold {
  /** Our own words, or those of a policy or filter; cleaned where it is shown. */
  readonly reason: string;
  /** In ms; null: until somebody releases it. */
  readonly until: number | null;
  /** What happens then: it goes out, or it goes back to its sender. */
  readonly then: "release" | "expire";
  /** Whether the owner is told, with a token that releases or cancels it. */
  readonly notify: boolean;
}
