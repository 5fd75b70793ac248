/**
 * The patterns that `%{NAME}` stands for, in RE2. Fields that they name are OpenTelemetry's where there is one, so that searches such as
 * `status:500` find them. What the scrubber left (`<ip>`, `<email>`) counts as what it stands for.
 */
export const grokPatterns: Readonly<Record<string, string>> = {
  // Numbers and words
  INT: '[+-]?\\d+',
  POSINT: '[1-9]\\d*',
  NONNEGINT: '\\d+',
  BASE10NUM: '[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)(?:[eE][+-]?\\d+)?',
  NUMBER: '%{BASE10NUM}',
  BASE16NUM: '(?:0[xX])?[0-9A-Fa-f]+',
  BOOLEAN: '(?i:true|false|yes|no|on|off)',
  WORD: '\\w+',
  NOTSPACE: '\\S+',
  SPACE: '\\s*',
  DATA: '.*?',
  GREEDYDATA: '.*',
  QUOTEDSTRING: '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'',
  QS: '%{QUOTEDSTRING}',
  UUID: '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}',
  USERNAME: '[\\w.@%+-]+|<[a-z]+>',
  USER: '%{USERNAME}',
  EMAILADDRESS: '[\\w.%+-]+@[\\w.-]+|<email>',

  // Networks
  MAC: '(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}',
  IPV4: '(?:\\d{1,3}\\.){3}\\d{1,3}|<ip>',
  IPV6: '[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:%\\w+)?|<ip>',
  IP: '%{IPV4}|%{IPV6}',
  HOSTNAME: '[0-9A-Za-z_][0-9A-Za-z_-]*(?:\\.[0-9A-Za-z_][0-9A-Za-z_-]*)*\\.?',
  HOST: '%{HOSTNAME}',
  IPORHOST: '%{IP}|%{HOSTNAME}',
  HOSTPORT: '%{IPORHOST}:%{POSINT}',

  // Paths and addresses
  UNIXPATH: '(?:/[^\\s/]*)+',
  WINPATH: '(?:[A-Za-z]:|\\\\)(?:\\\\[^\\\\?*\\s]*)+',
  PATH: '%{UNIXPATH}|%{WINPATH}',
  URIPROTO: '[A-Za-z][A-Za-z0-9+.-]*',
  URIHOST: '%{IPORHOST}(?::%{POSINT})?',
  URIPATH: '/[^\\s?#"]*',
  URIPARAM: '\\?[^\\s#"]*',
  URIPATHPARAM: '%{URIPATH}(?:%{URIPARAM})?',
  URI: '%{URIPROTO}://(?:[^\\s@/]+@)?%{URIHOST}?%{URIPATHPARAM}?',

  // Times
  MONTH:
    '(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)',
  MONTHNUM: '0?[1-9]|1[0-2]',
  MONTHDAY: '0?[1-9]|[12]\\d|3[01]',
  DAY: '(?i:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)',
  YEAR: '\\d{4}|\\d{2}',
  HOUR: '2[0-3]|[01]?\\d',
  MINUTE: '[0-5]\\d',
  SECOND: '(?:[0-5]?\\d|60)(?:[:.,]\\d+)?',
  TIME: '%{HOUR}:%{MINUTE}(?::%{SECOND})?',
  ISO8601_TIMEZONE: 'Z|[+-]%{HOUR}(?::?%{MINUTE})?',
  TIMESTAMP_ISO8601: '\\d{4}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?',
  DATE_US: '%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}',
  DATE_EU: '%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}',
  DATE: '%{DATE_US}|%{DATE_EU}',
  DATESTAMP: '%{DATE}[- ]%{TIME}',
  HTTPDATE: '%{MONTHDAY}/%{MONTH}/\\d{4}:%{TIME} [+-]\\d{4}',
  SYSLOGTIMESTAMP: '%{MONTH} +%{MONTHDAY} %{TIME}',

  // Programs
  LOGLEVEL:
    '(?i:trace|verbose|debug|info(?:rmation(?:al)?)?|notice|warn(?:ing)?|err(?:or)?|severe|crit(?:ical)?|fatal|alert|emerg(?:ency)?|panic)',
  PROG: '[\\w./%-]+',
  SYSLOGPROG: '%{PROG:process.name}(?:\\[%{POSINT:process.pid}\\])?',
  SYSLOGBASE: '%{SYSLOGTIMESTAMP:timestamp} %{IPORHOST:host.name} %{SYSLOGPROG}:',
  JAVACLASS: '(?:[\\w$]+\\.)*[\\w$]+',
  JAVAFILE: '[\\w$. -]+',

  // Servers
  HTTPMETHOD: '[A-Z][A-Z-]*',
  HTTPVERSION: '\\d+(?:\\.\\d+)?',
  HTTPREQUEST:
    '%{HTTPMETHOD:http.request.method} %{NOTSPACE:url.path}(?: HTTP/%{HTTPVERSION:network.protocol.version})?',
  COMMONAPACHELOG:
    '%{IPORHOST:client.address} \\S+ (?:-|%{USER:user.name}) \\[%{HTTPDATE:timestamp}\\] "(?:%{HTTPREQUEST}|[^"]*)" %{INT:http.response.status_code} (?:-|%{INT:http.response.body.size})',
  COMBINEDAPACHELOG:
    '%{COMMONAPACHELOG} "(?:-|(?P<http.request.header.referer>[^"]*))" "(?:-|(?P<user_agent.original>[^"]*))"',
  NGINXACCESS: '%{COMBINEDAPACHELOG}',
  NGINXERROR:
    '(?P<timestamp>\\d{4}/\\d{2}/\\d{2} \\d{2}:\\d{2}:\\d{2}) \\[%{LOGLEVEL:level}\\] %{POSINT:process.pid}#%{NONNEGINT:thread.id}: (?:\\*%{NONNEGINT:connection} )?%{GREEDYDATA:message}',
};
