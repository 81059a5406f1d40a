"""One module per page: tables in, a `page.Page` out."""
