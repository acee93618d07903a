/** The page of the API console. */
export const CONSOLE_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Tandem API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="console"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/console.js"></script>
  </body>
</html>
`;

/** What the page runs: a file of its own, because the content policy allows no script in the page. */
export const CONSOLE_SCRIPT = `SwaggerUIBundle({
  url: '/api/docs/openapi.json',
  dom_id: '#console',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
});
`;
