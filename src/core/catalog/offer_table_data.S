// The offers of data/catalog as they were read and checked when the program was built (tools/catalog/make_offer_table.cc).
  .section .rodata
  .global tw_offer_table
  .global tw_offer_table_end
  .balign 8
tw_offer_table:
  .incbin "offers.table"
tw_offer_table_end:
  .byte 0

  .section .note.GNU-stack, "", %progbits
