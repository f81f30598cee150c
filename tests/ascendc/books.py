"""All generated cases, by the name of their source."""

import move_cases
import raw_cases
import reduce_cases
import select_cases
import sort_cases
import vector_cases

BOOKS = {book.name: book for book in (vector_cases.arithmetic(), vector_cases.scalars(), vector_cases.conversions(), move_cases.moves(),
                                      move_cases.transfers(), reduce_cases.reductions(), select_cases.selections(), sort_cases.sorts(),
                                      raw_cases.intrinsics())}
