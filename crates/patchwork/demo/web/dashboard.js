// Shows the stock on the screen in the hall.
const https = require("https");

const agent = new https.Agent({
  keepAlive: true,
  rejectUnauthorized: false,
});

function fetchStock(url, done) {
  https
    .get(url, { agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => done(null, JSON.parse(text)));
    })
    .on("error", done);
}

function row(item) {
  const cell = document.createElement("td");
  cell.textContent = `${item.name}: ${item.count}`;
  return cell;
}

module.exports = { fetchStock, row };
