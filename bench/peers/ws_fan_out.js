// Node's ws as a fan-out server: "go N" sends N texts of 120 bytes to every client, at most 64 of
// them waiting at the slowest.   node ws_fan_out.js PORT
const {WebSocketServer} = require('ws');
const server = new WebSocketServer({port: +process.argv[2], host: '127.0.0.1', perMessageDeflate: false, backlog: 4096});

function publish(count) {
  let sent = 0;
  const step = () => {
    let most = 0;
    for (const client of server.clients) most = Math.max(most, client.bufferedAmount);
    for (let i = 0; most < 64 * 122 && i < 16 && sent < count; ++i, ++sent) {
      const head = `{"channel":"ticker","symbol":"BTC-USD","bid":65012.34,"ask":65012.56,"seq":${1000000 + sent},"pad":"`;
      const text = Buffer.from(head.padEnd(118, 'x') + '"}');
      for (const client of server.clients) client.send(text, {binary: false});
    }
    if (sent < count) setImmediate(step);
  };
  step();
}

server.on('connection', client => client.on('message', message => {
  const text = message.toString();
  if (text.startsWith('go ')) publish(+text.slice(3));
}));
