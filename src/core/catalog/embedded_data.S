// The files of data/catalog inside the program: a fresh machine has offers without a download or a file to find.
// The build file names the folder to the assembler.
  .section .rodata

  .macro file symbol, name
  .global \symbol
  .global \symbol\()_end
\symbol:
  .incbin "\name"
\symbol\()_end:
  .byte 0
  .endm

  file tw_offers_aws, "offers-aws.csv"
  file tw_offers_azure, "offers-azure.csv"
  file tw_offers_gcp, "offers-gcp.csv"
  file tw_offers_gpu_clouds, "offers-gpu-clouds.csv"
  file tw_egress, "egress.csv"

  .section .note.GNU-stack, "", %progbits
