// Path and query of a request's URL. `new URL` would throw on what a stranger may put into the Host
// header, which is the first half of the URL that Bun makes; nothing here believes that half.

export interface RequestPath {
  readonly pathname: string;
  /** With its question mark; "" without a query. */
  readonly search: string;
}

/** url: absolute, as Bun gives it. Never throws. */
export function requestPath(url: string): RequestPath {
  const schemeEnd = url.indexOf("://");
  const pathStart = url.indexOf("/", schemeEnd < 0 ? 0 : schemeEnd + 3);
  if (pathStart < 0) return { pathname: "/", search: "" };
  const queryStart = url.indexOf("?", pathStart);
  if (queryStart < 0) return { pathname: url.slice(pathStart), search: "" };
  return { pathname: url.slice(pathStart, queryStart), search: url.slice(queryStart) };
}
