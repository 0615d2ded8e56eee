/** A message's hold by policy, and how it ends. */
export interface Hold {
  /** Our own words, or those of a policy or filter; cleaned where it is shown. */
  readonly reason: string;
  /** In ms; null: until it is released. */
  readonly until: number | null;
  /** What happens then: it goes out, or it goes back to its sender. */
  readonly then: "release" | "expire";
  /** Whether the owner gets a notice, with a token that releases or cancels it. */
  readonly notify: boolean;
}
