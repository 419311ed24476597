/** What each rule takes and what it must leave alone; a value that slips through here leaves the machine. */
import { describe, expect, it } from 'vitest';
import type { RedactionRules } from '../redaction-rules.js';
import { createRedactor } from '../redactor.js';

const redacted = (text: string, rules: RedactionRules = {}): string =>
  createRedactor(rules).redact({ model: 'm', messages: [{ role: 'user', content: text }] }).request.messages[0]!
    .content as string;

/** Each text is found whole, and is found as this. */
const finds = (placeholder: string, texts: readonly string[], rules?: RedactionRules): void => {
  it.each(texts)('%s', (text) => expect(redacted(`so ${text}, then`, rules)).toBe(`so ${placeholder}, then`));
};
const leaves = (texts: readonly string[], rules?: RedactionRules): void => {
  it.each(texts)('not %s', (text) => expect(redacted(text, rules)).toBe(text));
};

describe('e-mail addresses', () => {
  finds('[EMAIL_1]', [
    'alice@example.com',
    'a.b+c_d-e@sub.example.co.uk',
    "o'neil@example.org",
    '"john doe"@example.com',
    'ALICE@EXAMPLE.COM',
    'x@xn--bcher-kva.example',
    'müller@bücher.example',
    'иван@пример.рф',
  ]);
  leaves([
    'git@github.com:owner/repo.git',
    'icon@2x.png',
    'user@host',
    'npm i foo@1.2.3 @scope/name@4.5.6',
    '@decorator.member',
    'a @ b . c',
  ]);
  it('ends where a sentence ends, and begins behind signs of URLs', () => {
    expect(redacted('Ask bob@example.com. Or <mailto:bob@example.com>')).toBe('Ask [EMAIL_1]. Or <mailto:[EMAIL_1]>');
    expect(redacted('https://x.example/?to=bob@example.com&n=1')).toBe('https://x.example/?to=[EMAIL_1]&n=1');
    expect(redacted('a@b.example|c@d.example,e@f.example')).toBe('[EMAIL_1]|[EMAIL_2],[EMAIL_3]');
    expect(redacted('联系bob@example.com你好')).toBe('联系[EMAIL_1]你好');
  });
});

describe('telephone numbers', () => {
  finds('[PHONE_1]', [
    '+1 415 555 2671',
    '+14155552671',
    '+1 (415) 555-2671',
    '+44 (0)20 7946 0958',
    '+(49) 30 1234567',
    '+49-30-1234567',
    '+33 1 23 45 67 89',
    '+91 98765 43210',
    '0049 30 1234567',
    '(415) 555-2671',
    '(415)555-2671',
    '415-555-2671',
    '415.555.2671',
    '1-415-555-2671',
    '020 7946 0958',
    '(020) 7946 0958',
    '07700 900123',
    '030/1234567',
    '030 123 45 67',
    '06-12345678',
    '01 23 45 67 89',
    '01.23.45.67.89',
  ]);
  it('takes plain digits only where a word says that they are one', () => {
    expect(redacted('Phone: 4155552671')).toBe('Phone: [PHONE_1]');
    expect(redacted('tel 612 345 678')).toBe('tel [PHONE_1]');
    expect(redacted('mobile no. 0612345678')).toBe('mobile no. [PHONE_1]');
    expect(redacted('order 4155552671')).toBe('order 4155552671');
  });
  leaves([
    '2024-01-02 03:04:05',
    '01.02.2024',
    '01/02/2024 10 20',
    '0.123456789',
    '1 234 567 890',
    '200 300 4000 500',
    '1,234,567.89',
    '1700000000 1700000000123',
    'x + 12345678',
    '5+4155552671',
    '111-222-3333',
    'RFC 9110',
    '192 168 10 10',
    '0000123456789',
    '+5',
  ]);
});

describe('payment cards', () => {
  finds('[CARD_1]', [
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4222222222222',
    '378282246310005',
    '3782 822463 10005',
    '5555555555554444',
    '2223003122003222',
    '6011111111111117',
    '3530111333300000',
    '6304000000000000',
    '4000000000000000006',
    '41 11 11 11 11 11 11 11',
    '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
  ]);
  it('takes numbers of unknown issuers behind a word, or between letters', () => {
    expect(redacted('card number 9999999999999995')).toBe('card number [CARD_1]');
    expect(redacted('id 9999999999999995')).toBe('id 9999999999999995');
    expect(redacted('kn4111111111111111')).toBe('kn[CARD_1]');
  });
  leaves([
    '4111111111111112',
    '0.4111111111111111',
    '1700000000123 1699999999999',
    'a4111111111111111f',
    '12345678901234567890',
    '4111 1111 1111 1112',
  ]);
});

describe('IBAN', () => {
  // Examples of the SWIFT IBAN Registry.
  finds('[IBAN_1]', [
    'GB29NWBK60161331926819',
    'GB29 NWBK 6016 1331 9268 19',
    'DE89370400440532013000',
    'de89 3704 0044 0532 0130 00',
    'FR1420041010050500013M02606',
    'NL91ABNA0417164300',
    'NO9386011117947',
    'MT84MALT011000012345MTLCAST001S',
    'LC55HEMM000100010012001200023015',
    'SC18SSCB11010000000000001497USD',
    'BR1800360305000010009795493C1',
    'UA213223130000026007233566001',
    'EG380019000500000000263180002',
  ]);
  leaves([
    'GB29NWBK60161331926818',
    'DE8937040044053201300',
    'ZZ89370400440532013000',
    'xDE89370400440532013000',
    'is404 flag for unmatched paths', // passes modulo 97
  ]);
});

describe('national ids', () => {
  finds(
    '[NATIONALID_1]',
    [
      '123-45-6789',
      'AB 12 34 56 C',
      'AB123456C',
      '36574261809',
      '36 574 261 809',
      '2 95 10 99 126 111 93',
      '295109912611193',
      '2951099126111 93',
      '253072B07300470',
      '253072A07300443',
      '12345678Z',
      '12.345.678-Z',
      'X2482300W',
      'X-2482300-W',
      'RCCMNL83S18D969H',
      'RCC MNL 83S18 D969H',
      '2341 2341 2346',
      '2341-2341-2346',
      '390.533.447-05',
      '39053344705',
    ].filter((id) => id !== 'RCCMNLURSMUDVSVG'),
  );
  it('takes nine digits only where a word says whose they are', () => {
    expect(redacted('BSN 111222333')).toBe('BSN [NATIONALID_1]');
    expect(redacted('bsn: 1112.22.333')).toBe('bsn: [NATIONALID_1]');
    expect(redacted('SSN123-45-6789')).toBe('SSN[NATIONALID_1]');
    expect(redacted('SSN 123456789')).toBe('SSN [NATIONALID_1]');
    expect(redacted('Aadhaar 234123412346')).toBe('Aadhaar [NATIONALID_1]');
    expect(redacted('111222333 123456789 234123412346')).toBe('111222333 123456789 234123412346');
    // Not the end of a word that the window of the cue cuts.
    expect(redacted("'uuid', ['123e4567-e89b-12d3-a456-426614174000'")).toContain('426614174000');
  });
  leaves([
    '000-45-6789',
    '666-45-6789',
    '912-45-6789',
    '123-00-6789',
    '123-45-0000',
    'BG123456C',
    'QQ123456C',
    'AB123456E',
    '36574261890',
    '36554266806',
    '295109912611199',
    '253072C07300443',
    '12345678A',
    'X2482300A',
    'RCCMNL83S18D969A',
    '1234 1234 1234',
    '2341 2341 2347',
    '390.533.447-06',
    '111.111.111-11',
    'bsn 111252333',
  ]);
});

describe('secrets that say what they are', () => {
  const body = 'aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY1zA2bC3d';
  finds('[SECRET_1]', [
    `sk-${body}`,
    `sk-proj-${body}_${body}`,
    `sk-ant-api03-${body}-AA`,
    `sk-or-v1-${body}`,
    `ghp_${body.slice(0, 36)}`,
    `github_pat_${body}_${body}`,
    `glpat-${body.slice(0, 20)}`,
    'AKIAIOSFODNN7EXAMPLE',
    `AIza${body.slice(0, 35)}`,
    'xoxb-123456789012-123456789012-abcdefABCDEF',
    `sk_live_${body.slice(0, 24)}`,
    `hf_${body.slice(0, 34)}`,
    `npm_${body.slice(0, 36)}`,
    `SG.${body.slice(0, 22)}.${body}`,
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0B\n-----END PRIVATE KEY-----',
    '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAA\\n-----END OPENSSH PRIVATE KEY-----',
  ]);
  it('takes a private key that is cut, a password in a URL, a bearer token', () => {
    expect(redacted('-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA04\nabcdefgh')).toBe('[SECRET_1]');
    expect(redacted('amqp://bot:Hx7!pass@mq/vhost')).toBe('amqp://bot:[SECRET_1]@mq/vhost');
    expect(redacted('Authorization: Bearer abc123def456.ghi')).toBe('Authorization: Bearer [SECRET_1]');
    expect(redacted('It is xoxb-123456789012-abcdef. Or Bearer abc123def456.')).toBe(
      'It is [SECRET_1]. Or Bearer [SECRET_2].',
    );
    expect(redacted('Authorization: Basic dXNlcjpwYXNzd29yZDE=')).toBe('Authorization: Basic [SECRET_1]');
  });
  leaves([
    'sk-learn-pipeline-for-classification-tasks',
    'a task-force-of-many-words-and-more-2',
    'AKIA is the prefix',
    '-----BEGIN PRIVATE KEY----- is the first line of such a file',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    'https://example.org:8080/@user/path',
    'socks5://user:password@host/ mongodb://me:<password>@host',
    'bearer of good news from afar',
    'ghp_short',
  ]);
});

describe('secrets that a name says', () => {
  it.each([
    ['password=hunter2', 'password=[SECRET_1]'],
    ['DB_PASSWORD: s3cr3t', 'DB_PASSWORD: [SECRET_1]'],
    ['Password: swordfish\nnext', 'Password: [SECRET_1]\nnext'],
    ['passwd := "correct horse battery"', 'passwd := "[SECRET_1]"'],
    ['my password is tr0ub4dor&3.', 'my password is [SECRET_1].'],
    ['Das Passwort ist geh3im!x', 'Das Passwort ist [SECRET_1]'],
    ['"api_key": "abcd1234efgh"', '"api_key": "[SECRET_1]"'],
    ["client_secret='a1b2c3d4e5'", "client_secret='[SECRET_1]'"],
    ['GITHUB_TOKEN=0123456789abcdef0123', 'GITHUB_TOKEN=[SECRET_1]'],
    ['secret_key: 12345678901234567890', 'secret_key: [SECRET_1]'],
    ['?access_token=abc123def456&x=1', '?access_token=[SECRET_1]&x=1'],
    ['PIN: 4821', 'PIN: [SECRET_1]'],
    ['AccountKey=abc123def456==;', 'AccountKey=[SECRET_1];'],
    ['password=$ecret1!', 'password=[SECRET_1]'],
  ])('%s', (text, expected) => expect(redacted(text)).toBe(expected));
  leaves([
    'token: string; password: string',
    'const token = await getToken()',
    'password = process.env.DB_PASSWORD',
    'password: $' + '{DB_PASSWORD}',
    'password=$DB_PASSWORD',
    'password: <your password>',
    'password: {{ vault.password }}',
    'password: ********',
    'api_key = "YOUR_KEY"',
    'PASSWORD: 0x02, password: {made_up_word}',
    'The password must be changed. The password is required.',
    'token: the smallest unit of text',
    'max_tokens: 4096, tokens: 12345678',
    'spin: 1234',
    'the secret is out',
    '{"token": "hello", "logprob": -0.1}',
  ]);
});

describe('strings that look random', () => {
  finds('[SECRET_1]', [
    'Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWo',
    'q7Wc9ZtP2mXv5LrB8nKd3HsJ',
    '7f9a2kq8z1m4x6w0p3r5t7y9u1i2o3s4',
    'xK9/mQ2vB7+tR4wN8jL5hF1pD6sA3gZ0yC==',
  ]);
  leaves([
    'e83c5163316f89bfbde7d9ab23ca2e25604af290',
    'd41d8cd98f00b204e9800998ecf8427e',
    '123e4567-e89b-12d3-a456-426614174000',
    'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==',
    'getElementsByClassNameAndId2',
    'src/components/NavBar2/NavBarItem.test.tsx',
    'Qwen2-5-7B-Instruct-Q4-K-M-imatrix',
    'AWS_SECRET_ACCESS_KEY_ID_V2_PRODUCTION',
    'the-quick-brown-fox-2-jumps-over-the-lazy-dog',
    'aaaaaaaaaaaaaaaaaaaaaaaa1A',
    '20240102T030405Z',
    'libstdcxx-ng-13-2-0-h7e041cc',
    'supercalifragilisticexpialidocious',
  ]);
});

describe('IP addresses', () => {
  finds('[IPADDRESS_1]', [
    '10.0.0.12',
    '203.0.113.7',
    '2001:db8::1',
    '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
    'fe80::1ff:fe23:4567:890a',
    '::ffff:192.0.2.128',
  ]);
  it('takes them out of URLs', () => {
    expect(redacted('http://192.168.1.1:8080/x http://[2001:db8::5]/')).toBe(
      'http://[IPADDRESS_1]:8080/x http://[[IPADDRESS_2]]/',
    );
  });
  leaves([
    '127.0.0.1 ::1 0.0.0.0 255.255.255.0',
    '1.2.3 and v1.2.3.4 and version 10.0.0.1',
    'Chrome/120.0.0.0',
    '1.2.3.4.5',
    'RFC 9111, Section 5.2.2.4, #section-5.2.2.10, § 3.1.2.4',
    '::ffff:127.0.0.1',
    '256.1.1.1',
    'std::vector a::b Foo::Bar',
    '12:30:45 aa:bb:cc:dd:ee:ff',
  ]);
});

describe('names and places', () => {
  const rules: RedactionRules = {
    terms: [
      { kind: 'name', words: ['Ada Lovelace', 'José', 'Bo', '田中', 'ジョン・スミス'] },
      { kind: 'place', words: ['Springfield'], patterns: ['\\b\\d{1,4} Elm (?:Street|St\\.?)\\b'] },
      { kind: 'project', patterns: ['PRJ-\\d{4}'] },
    ],
  };
  finds('[NAME_1]', ['Ada Lovelace', 'ADA  lovelace', 'Ada\nLovelace', 'jose', 'Jose\u0301', 'ジョン・スミス'], rules);
  finds('[PLACE_1]', ['12 Elm Street', 'springfield'], rules);
  finds('[PROJECT_1]', ['PRJ-0042'], rules);
  it('takes whole words only, but no spaces are needed where a script has none', () => {
    expect(redacted("Bottle, Bob; Bo's Bo_1", rules)).toBe("Bottle, Bob; [NAME_1]'s [NAME_1]_1");
    expect(redacted('今日田中さんは', rules)).toBe('今日[NAME_1]さんは');
    expect(redacted('PRJ-00421', rules)).toBe('PRJ-00421');
  });
  it('guesses names from capitals only when asked to', () => {
    const text = 'Dear Grace, I met Alan Turing in Paris. The Report was good.';
    expect(redacted(text)).toBe(text);
    expect(redacted(text, { capitalizedNames: true })).toBe(
      'Dear [NAME_1], I met [NAME_2] in Paris. The Report was good.',
    );
  });
});

describe('the rules', () => {
  it('turn kinds off and let values through', () => {
    expect(redacted('bob@example.com 10.0.0.1', { off: ['ip'] })).toBe('[EMAIL_1] 10.0.0.1');
    expect(redacted('Help@Example.com bob@example.com', { allow: ['help@example.com'] })).toBe(
      'Help@Example.com [EMAIL_1]',
    );
    expect(redacted('123-45-6789 4111111111111111', { off: ['card'] })).toBe('[NATIONALID_1] 4111111111111111');
  });

  it.each([
    [{ terms: [{ kind: 'Name' }] }, 'terms[0].kind'],
    [{ terms: [{ kind: 'email' }] }, 'terms[0].kind'],
    [{ terms: [{ kind: 'ipaddress' }] }, 'terms[0].kind'],
    [{ terms: [{ kind: 'name', words: ['ok', 'x'] }] }, 'terms[0].words[1]'],
    [{ terms: [{ kind: 'name', words: ['x'.repeat(201)] }] }, 'terms[0].words[0]'],
    [{ terms: [{ kind: 'name', patterns: ['(a)\\1'] }] }, 'terms[0].patterns[0]'],
    [{ terms: [{ kind: 'name', patterns: ['(?=a)b'] }] }, 'terms[0].patterns[0]'],
    [{ terms: [{ kind: 'name', patterns: ['('] }] }, 'terms[0].patterns[0]'],
    [{ terms: [{ kind: 'name', patterns: ['(a|b)*a(a|b){20}'] }] }, 'terms[0].patterns[0]'],
    [{ terms: [{ kind: 'name', patterns: ['.{1,9999}'] }] }, 'terms[0].patterns[0]'],
    [{ off: ['mail' as 'email'] }, 'off[0]'],
    [{ allow: [' '] }, 'allow[0]'],
  ] satisfies [RedactionRules, string][])('refuses %j', (rules, param) => {
    expect(() => createRedactor(rules)).toThrow(expect.objectContaining({ code: 'invalid-rules', param }));
  });
});
