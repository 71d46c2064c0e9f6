/** A request that cannot be granted; the filter makes a problem document of it. Everything else is our bug. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** For programs; upper case with underscores. */
    readonly code: string,
    /** For people: what was found, what was expected. */
    detail: string,
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

export const notFound = (what: string, id: string): ApiError =>
  new ApiError(404, 'NOT_FOUND', `${what} ${JSON.stringify(id)}: found none of that id`);
