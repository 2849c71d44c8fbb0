// The htmx that app.js has loaded: charts are a file of their own and must not bring a second one.
export default window.htmx;
