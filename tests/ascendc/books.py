"""All generated cases, by the name of their source."""

import vector_cases

BOOKS = {book.name: book for book in (vector_cases.arithmetic(), vector_cases.scalars(), vector_cases.conversions())}
