/** What the load generator wants of a protocol: requests with replies that are known beforehand. */

/** One request and its judge. The model of the service has executed it: send it before asking for the next. */
export interface Exchange<Reply> {
  /** For messages: `get key0000012`. */
  readonly name: string;
  readonly request: Uint8Array;
  /** Goes by datagram instead of the connection. */
  readonly datagram: boolean;
  /** Why the reply is not the expected one; undefined when it is. */
  readonly check: (reply: Reply) => string | undefined;
}

/** Replies out of a stream that arrives in any segments. @throws ProtocolError when it breaks the protocol. */
export interface ReplyReader<Reply> {
  /** A request was sent. */
  expect(): void;
  push(segment: Uint8Array): Reply[];
  /** Bytes of a reply that is not complete. */
  readonly pending: boolean;
}

export interface ServiceClient<Reply> {
  readonly port: number;
  newReader(): ReplyReader<Reply>;
  /** Stores what the load will read: requests for connection `connection` before any other. */
  preload(connection: number): Iterable<Exchange<Reply>>;
  /** The next request of a connection. */
  next(connection: number): Exchange<Reply>;
}
