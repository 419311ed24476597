/** The base address of an endpoint, checked once. Knows no provider. */
import { RemoteError } from './remote-error.js';

export interface EndpointUrl {
  readonly origin: string;
  /** What goes in front of every path; without a slash at its end. */
  readonly basePath: string;
  /** Origin and base path. */
  readonly href: string;
  readonly isLoopback: boolean;
  readonly isEncrypted: boolean;
}

const loopbackHosts: readonly string[] = ['localhost', '[::1]'];

/** Throws RemoteError `unreachable` for what is no plain http or https address. The address itself may be a secret. */
export const parseEndpointUrl = (url: string, endpoint: string): EndpointUrl => {
  const refuse = (fault: string): RemoteError =>
    new RemoteError('unreachable', `Cannot use the URL of endpoint ${endpoint}: ${fault}`, {
      endpoint,
      answerStarted: false,
    });
  if (!URL.canParse(url)) throw refuse('it is no URL');
  const { protocol, origin, pathname, hostname, username, password, search, hash } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw refuse('it is neither http nor https');
  if (username !== '' || password !== '') throw refuse('it holds credentials; give them as apiKey');
  if (search !== '' || hash !== '') throw refuse('it holds a query or a fragment');
  const basePath = pathname.replace(/\/+$/, '');
  return {
    origin,
    basePath,
    href: origin + basePath,
    isLoopback: loopbackHosts.includes(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname),
    isEncrypted: protocol === 'https:',
  };
};
