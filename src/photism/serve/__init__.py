"""photism for browsers and other programs: a REST API, a page, and a live road by WebSocket."""
