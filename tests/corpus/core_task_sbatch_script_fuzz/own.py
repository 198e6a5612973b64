#!/usr/bin/env -S python3 -u
#SBATCH -p p,q -M hpc -J한글 --comment="it's" # comment
#TRADEWIND --checkpoint=state/a --infra=local,aws/us-east-1 --outputs=a,b --budget=$4.50
#SBATCH --gpus-per-task=2 --cpus-per-gpu 3 --mem-per-gpu=1G --tmp=1T --nice=-7 --deadline=now+2days
print("END_OF_BATCH_SCRIPT")
